// What connectors of a fleet share, and what they tell others.
#include <algorithm>

#include "common/base/encoding.h"
#include "common/config/suggest.h"
#include "connector/config/event_kind.h"
#include "connector/config/state_url.h"
#include "connector/config/table_parts.h"
#include "connector/config/url.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

constexpr std::string_view kWebhookKey = "whsec_";

/// The URL of a Redis: it may hold a password, so that neither errors nor what is shown repeat it.
class StateUrl {
  public:
    using value_type = State::Server;
    bool read(const Node& node, State::Server& server, Diagnostics& diagnostics) const {
        if (!expect_scalar(node, kName, diagnostics)) return false;
        auto parsed = parse_state_url(node.text);
        if (!parsed) {
            diagnostics.error(node.place, std::string("this is not ") + kName + ": " + parsed.error().message);
            return false;
        }
        server = *std::move(parsed);
        return true;
    }
    Schema schema() const { return {.kind = Schema::Kind::text, .name = kName, .secret = true}; }
    std::string show(const State::Server&) const { return {}; }

  private:
    static constexpr const char* kName = "a Redis URL";
};

/// The path of a webhook's URL is what many receivers know their senders by: it is not shown.
class WebhookUrl : public Text {
  public:
    Schema schema() const { return {.kind = Schema::Kind::text, .name = "a URL", .secret = true}; }
    std::string show(const std::string&) const { return {}; }
};

/// Of an absolute URI, or of a path on whatever host was asked (RFC 9457 §3.1.1).
Result<std::string> parse_problem_base(std::string_view text) {
    const bool printable = std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
    });
    const std::size_t colon = text.find(':');
    const bool absolute = colon != std::string_view::npos && colon > 0 && text.find('/') > colon;
    if (!printable || (!absolute && !text.starts_with('/'))) {
        return usage_error("a URI with its scheme, or a path that begins with a slash, was expected");
    }
    if (!text.ends_with('#') && !text.ends_with('/') && !text.ends_with(':') && !text.ends_with('=')) {
        return usage_error("the code is put right behind it: end it with #, /, : or =");
    }
    return std::string(text);
}

Object<State> state_object() {
    return Object<State>("state", "What connectors of a fleet share.")
        .required("url", &State::server, StateUrl(),
                  "redis://[[user]:password@]host[:port][/db], rediss:// over TLS; "
                  "redis+sentinel://host:port,host:port/MASTER.")
        .field("ca", &State::ca, Path(),
               "PEM file with the CAs that it is checked against; the system's when left out.")
        .field("server_name", &State::server_name, Text(),
               "The name that its certificate must have; its host when left out.")
        .field("sentinel_password", &State::sentinel_password, SecretText(), "Of the sentinels; none when left out.")
        .field("prefix", &State::prefix, Name(), "Before all keys: fleets with other ones share nothing.")
        .field("timeout", &State::timeout, Duration(bounds::min_timeout, bounds::max_timeout),
               "Of one round trip; beyond it the fail modes count.");
}

void deliverable(const Node& node, const Webhook& webhook, Diagnostics& diagnostics) {
    const auto url = parse_url(webhook.url);
    if (!url)
        diagnostics.error(place_of(node, {"url"}), "this is no URL of a webhook: " + url.error().message);
    else if (!url->is_safe())
        diagnostics.error(place_of(node, {"url"}),
                          "events go out over https (http is for receivers on this machine alone)");
    const std::string_view secret = webhook.secret.reveal();
    const auto key = secret.starts_with(kWebhookKey) ? base64_decode(secret.substr(kWebhookKey.size())) : Bytes(1);
    if (secret.empty() || !key || key->empty())
        diagnostics.error(
            place_of(node, {"secret"}),
            "the secret is whsec_ and base64, or a text that is not empty; openssl rand -base64 32 makes one");
    const std::vector<std::string> known(kEventKinds.begin(), kEventKinds.end());
    for (std::size_t i = 0; i < webhook.events.size(); ++i) {
        const std::string& pattern = webhook.events[i];
        if (std::ranges::none_of(known, [&](const std::string& kind) { return meets(pattern, kind); }))
            diagnostics.error(place_of(node, {"events", i}), "there is no event '" + pattern + "'" +
                                                                 yaml::did_you_mean(pattern, known) +
                                                                 " (events: " + yaml::listing(known) + ")");
    }
}

void long_enough(const Node& node, const Chain& chain, Diagnostics& diagnostics) {
    if (chain.key.reveal().size() < 32)
        diagnostics.error(place_of(node, {"key"}), "the key needs at least 32 characters");
}

}  // namespace

bool StateEntry::read(const Node& node, State& state, Diagnostics& diagnostics) const {
    if (node.kind == Node::Kind::map) return state_object().read(node, state, diagnostics);
    return StateUrl().read(node, state.server, diagnostics);
}

Schema StateEntry::schema() const {
    return StateUrl().schema();
}

yaml::Object<Webhook> webhook_table() {
    return Object<Webhook>("a webhook", "Events pushed to somebody's HTTP endpoint, signed (standardwebhooks.com).")
        .required("url", &Webhook::url, WebhookUrl(), "https, or http to this machine.")
        .required("secret", &Webhook::secret, SecretText(),
                  "whsec_ and base64, or plain text; from a file or the environment.")
        .field("events", &Webhook::events, List(Text(), bounds::conditions_on),
               "Their kinds, such as circuit.opened or circuit.*; all when left out.")
        .field("ca", &Webhook::ca, Path(),
               "PEM file with the CAs that it is checked against; the system's when left out.")
        .field("timeout", &Webhook::timeout, timeout(), "Of one delivery.")
        .field("per_minute", &Webhook::per_minute, Integer<std::uint32_t>(1, bounds::max_count),
               "Deliveries; further events wait.")
        .field("queue", &Webhook::queue, Integer<std::uint32_t>(1, bounds::max_count),
               "Events that wait; the oldest are dropped and counted.")
        .rule(deliverable);
}

yaml::Object<Chain> chain_table() {
    return Object<Chain>(
               "chain",
               "What chained connectors tell each other, signed: that another tier retries, and how long is left.")
        .required("key", &Chain::key, SecretText(), "The same in all of them; from a file or the environment.")
        .rule(long_enough);
}

yaml::Object<Problems> problems_table() {
    return Object<Problems>("problems", "Where the types of problem documents lead.")
        .field("base", &Problems::base, Parsed<std::string>("the beginning of a URI", parse_problem_base),
               "The code follows it: https://docs.example.com/adit/troubleshooting#, or urn:example:problem:. Pages of "
               "the "
               "connector's own, /.well-known/adit/problems/, when left out.");
}

}  // namespace adit::config
