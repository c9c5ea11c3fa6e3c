// Bulkheads, rate limits, and what the connector sheds to stay alive.
#include "common/base/strings.h"
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

Integer<std::uint32_t> count(std::uint32_t least) {
    return {least, bounds::max_count};
}

Object<Adaptive> adaptive() {
    return Object<Adaptive>("adaptive",
                            "The limit finds itself by the gradient of latency; `concurrent` is its maximum.")
        .field("minimum", &Adaptive::minimum, count(1), "It never falls below.")
        .field("tolerance", &Adaptive::tolerance, Integer<std::uint32_t>(0, 1'000),
               "Percent that latency may rise before the limit falls.");
}

Object<RateWindow> window() {
    return Object<RateWindow>("a limit", "So many requests in a time.")
        .required("requests", &RateWindow::requests, Integer<std::uint64_t>(1, bounds::max_rate),
                  "In that time, evenly spread.")
        .field("per", &RateWindow::per, Duration(bounds::min_window, 24h), "The time.")
        .field("burst", &RateWindow::burst, Integer<std::uint64_t>(1, bounds::max_rate),
               "At once; as many as `requests` when left out.");
}

List<Object<RateWindow>> windows() {
    return {window(), bounds::rate_windows};
}

/// consumer, client_ip, api_key, header NAME, claim NAME, route or all.
Result<RateLimit::Key> parse_key(std::string_view text) {
    using Of = RateLimit::Key::Of;
    for (const auto& [word, of] :
         {std::pair("consumer", Of::consumer), std::pair("client_ip", Of::client_ip), std::pair("api_key", Of::api_key),
          std::pair("route", Of::route), std::pair("all", Of::all)})
        if (text == word) return RateLimit::Key{of};
    for (const auto& [word, of] : {std::pair("header ", Of::header), std::pair("claim ", Of::claim)})
        if (text.starts_with(word) && text.size() > std::string_view(word).size())
            return RateLimit::Key{of, std::string(text.substr(std::string_view(word).size()))};
    return usage_error("write consumer, client_ip, api_key, header NAME, claim NAME, route or all");
}

/// Limits by the name of a tier.
class Tiers {
  public:
    using value_type = std::map<std::string, RateWindows>;
    bool read(const Node& node, value_type& value, Diagnostics& diagnostics) const {
        if (!expect_kind(node, Node::Kind::map, "a map of tiers", diagnostics)) return false;
        value.clear();
        bool all = true;
        if (node.members.size() > bounds::tiers) {
            diagnostics.error(node.place, "more than " + std::to_string(bounds::tiers) + " tiers in this map");
            return false;
        }
        for (const Member& member : node.members) all &= windows().read(member.value, value[member.key], diagnostics);
        return all;
    }
    Schema schema() const {
        return {.kind = Schema::Kind::named, .name = "a map of tiers", .items = {windows().schema()}};
    }
    std::string show(const value_type&) const { return {}; }
};

/// A setting that means nothing without another.
void needs(const Node& node, const char* key, const char* other, Diagnostics& diagnostics) {
    if (node.find(key) && !node.find(other))
        diagnostics.error(place_of(node, {key}), std::string("'") + key + "' means nothing without '" + other + "'");
}

/// Fields by which proxies say who has sent a request; the connector reads or replaces them before any limit.
bool is_forwarded(const std::string& field) {
    const std::string name = to_lower(field);
    return name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip";
}

void sensible_limit(const Node& node, const RateLimit& limit, Diagnostics& diagnostics) {
    if (limit.limits.empty() && !node.find("tiers"))
        diagnostics.error(place_of(node, {"limits"}), "a rate limit has at least one limit, or tiers that have some");
    if (limit.by.of == RateLimit::Key::Of::header && is_forwarded(limit.by.name))
        diagnostics.error(place_of(node, {"by"}), "proxies on the way write '" + limit.by.name +
                                                      "', and so can any client; by: client_ip tells callers apart by "
                                                      "their address, as trusted_proxies allow");
    needs(node, "tier", "tiers", diagnostics);
    needs(node, "tiers", "tier", diagnostics);
    needs(node, "tighten_to", "tighten_beyond", diagnostics);
    needs(node, "ban_for", "ban_after", diagnostics);
}

void sensible_bulkhead(const Node& node, const Bulkhead& bulkhead, Diagnostics& diagnostics) {
    if (bulkhead.adaptive && bulkhead.adaptive->minimum > bulkhead.concurrent)
        diagnostics.error(
            place_of(node, {"adaptive", "minimum"}),
            "the least limit is above the most, which is concurrent (" + std::to_string(bulkhead.concurrent) + ")");
}

}  // namespace

yaml::Object<Bulkhead> bulkhead_table() {
    return Object<Bulkhead>("bulkhead", "How many requests may be in progress at once.")
        .field("concurrent", &Bulkhead::concurrent, count(1), "In progress, to the last byte of their answers.")
        .field("queue", &Bulkhead::queue, count(0), "Further ones that wait; 0: none does.")
        .field("queue_timeout", &Bulkhead::queue_timeout, Duration(0ms, bounds::max_timeout), "How long they wait.")
        .field("adaptive", &Bulkhead::adaptive, adaptive(), "A limit that finds itself.")
        .rule(sensible_bulkhead);
}

yaml::Object<BulkheadPolicy> bulkhead_policy_table() {
    using Per = BulkheadPolicy::Per;
    return Object<BulkheadPolicy>("bulkhead", "How many requests each caller may have in progress at once.")
        .field("per", &BulkheadPolicy::per,
               Choice<Per>({{"consumer", Per::consumer}, {"client_ip", Per::client_ip}, {"route", Per::route}}),
               "Who is one caller.")
        .with(&BulkheadPolicy::bulkhead, bulkhead_table());
}

yaml::Object<RateLimit> rate_limit_table() {
    using Sharing = RateLimit::Sharing;
    return Object<RateLimit>("rate_limit", "How much each caller may ask for in a time.")
        .field("by", &RateLimit::by, Parsed<RateLimit::Key>("what tells callers apart", parse_key),
               "consumer, client_ip, api_key, header NAME, claim NAME, route (one for all callers of each route) or "
               "all (one for all).")
        .required("limits", &RateLimit::limits, windows(),
                  "All of them have to allow; of callers of no tier, where there are tiers. An empty list there: no "
                  "limit.")
        .field("tier", &RateLimit::tier, Text(), "The attribute of a consumer that names his tier.")
        .field("tiers", &RateLimit::tiers, Tiers(), "Limits by the name of a tier.")
        .field("dry_run", &RateLimit::dry_run, Boolean(), "Whether it only counts and logs.")
        .field("fields", &RateLimit::fields, Boolean(), "Whether answers have RateLimit and RateLimit-Policy.")
        .field("sharing", &RateLimit::sharing,
               Choice<Sharing>({{"exact", Sharing::exact}, {"lease", Sharing::lease}, {"off", Sharing::off}}),
               "Among connectors with a common state: each request asks; or tokens are fetched in advance; or each has "
               "its own.")
        .field("fail", &RateLimit::fail,
               Choice<RateLimit::Fail>({{"open", RateLimit::Fail::open}, {"closed", RateLimit::Fail::closed}}),
               "While that state is out of reach: open counts here alone, closed refuses.")
        .field("tighten_beyond", &RateLimit::tighten_beyond, Duration(0ms, bounds::max_timeout),
               "While the backend takes longer than this, limits shrink; 0: never.")
        .field("tighten_to", &RateLimit::tighten_to, Integer<std::uint32_t>(1, 100),
               "Percent down to which they shrink.")
        .field("ban_after", &RateLimit::ban_after, count(0),
               "Refusals within ban_for after which a caller is refused for that long; 0: never.")
        .field("ban_for", &RateLimit::ban_for, Duration(bounds::min_window, bounds::max_timeout), "How long.")
        .rule(sensible_limit);
}

yaml::Choice<Priority> priority() {
    using enum Priority;
    return yaml::Choice<Priority>({{"low", low}, {"normal", normal}, {"high", high}, {"critical", critical}});
}

yaml::Object<Shed> shed_table() {
    return Object<Shed>("shed", "When the connector sheds requests to stay alive, those of low priority first.")
        .field("enabled", &Shed::enabled, Boolean(), "Whether it does.")
        .field("memory", &Shed::memory, Size(0, bounds::max_body_bytes),
               "What counts as all of it; 0: the cgroup's limit, else the machine's memory.")
        .field("share", &Shed::share, Integer<std::uint32_t>(10, 100),
               "Percent of memory and descriptors at which it begins.")
        .field("lag", &Shed::lag, Duration(10ms, bounds::max_timeout), "How late a worker's turns are when it begins.")
        .field("requests", &Shed::requests, count(0), "In progress, of all listeners; 0: no bound.");
}

}  // namespace adit::config
