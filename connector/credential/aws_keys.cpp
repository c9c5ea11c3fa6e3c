// Asking those who give keys; see aws_keys.h.
#include "connector/credential/aws_keys.h"

#include <algorithm>

#include "common/base/file.h"
#include "common/base/secret.h"
#include "common/base/strings.h"
#include "connector/credential/provider.h"
#include "connector/credential/token.h"
#include "connector/credential/uri_encoding.h"
#include "connector/fetch/tries.h"

namespace adit::credential {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTokenMost = 64 * 1024;            ///< of a token in a file
constexpr std::chrono::hours kFixedLife = 24h;           ///< then fixed keys are looked at again
constexpr std::chrono::milliseconds kMetadataMost = 5s;  ///< of one try: it is a hop away, or not there
constexpr const char* kInstanceTokenSeconds = "21600";   ///< the longest that the service gives
constexpr const char* kInstanceToken = "/latest/api/token";
constexpr const char* kInstanceRole = "/latest/meta-data/iam/security-credentials/";

/// What a fetch needs each time.
struct Asking {
    fetch::Desk& desk;
    AwsKeysSettings settings;
    AwsSource source;
    std::unique_ptr<fetch::Client> client;  ///< null: nobody is asked
    std::chrono::milliseconds each{};       ///< of one try
    ClockWatch clock = {};
};
using Shared = std::shared_ptr<Asking>;
using Answer = std::expected<fetch::Reply, fetch::Trouble>;

std::unexpected<fetch::Trouble> trouble(fetch::Fault fault, std::string words) {
    return std::unexpected(fetch::Trouble{fault, std::move(words)});
}

/// A secret text that is wiped, also where it is given up.
struct Wiped {
    std::string text;
    Wiped() = default;
    explicit Wiped(std::string of) : text(std::move(of)) {}
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { wipe_memory(text.data(), text.size()); }
};

/// One line that can stand in a field.
Result<std::string> read_token(const std::filesystem::path& file) {
    auto text = read_file(file, kTokenMost);
    if (!text) {
        return std::unexpected(std::move(text.error()));
    }
    const Wiped whole(std::move(*text));
    const std::string_view text_of_file = whole.text;
    const std::string_view token = trim(text_of_file.substr(0, text_of_file.find_last_not_of(" \t\r\n") + 1));
    if (token.empty() || !std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; })) {
        return failure(file.string() + " does not hold a token");
    }
    return std::string(token);
}

fetch::Request request_of(std::string method, std::string target,
                          std::vector<std::pair<std::string, std::string>> fields) {
    fetch::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.fields = std::move(fields);
    return request;
}

net::Task<Answer> ask(Shared asking, fetch::Request request, net::Time deadline) {
    auto reply = co_await asking->client->ask(std::move(request), deadline);
    if (!reply) {
        co_return trouble(fetch::Fault::transient, std::string(name(asking->source)) + ": " + reply.error().detail);
    }
    asking->clock.mind(*reply, asking->client->url().text());
    co_return std::move(*reply);
}

fetch::Made made_of(KeysMade keys) {
    if (!keys) {
        return std::unexpected(std::move(keys.error()));
    }
    return std::shared_ptr<const fetch::Value>(std::move(*keys));
}

fetch::Made from_fixed(const FixedKeys& fixed) {
    auto value = std::make_shared<AwsKeysValue>();
    value->life = kFixedLife;
    const AwsCredentials& keys = fixed.credentials;
    value->credentials = {keys.access_key_id, keys.secret_access_key.copy(), keys.session_token.copy()};
    return value;
}

net::Task<fetch::Made> from_web_identity(Shared asking, net::Time deadline) {
    const auto& source = std::get<WebIdentitySource>(asking->source);
    auto token = asking->settings.sign ? asking->settings.sign() : read_token(source.token_file);
    if (!token) {
        co_return trouble(fetch::Fault::transient, "no web identity for STS: " + token.error().message);
    }
    const Wiped shown(std::move(*token));
    fetch::Request request = request_of(
        "POST", {},
        {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}, {"accept", "application/xml"}});
    request.body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + uri_encode(source.role_arn) +
                   "&RoleSessionName=" + uri_encode(source.session_name) +
                   "&DurationSeconds=" + std::to_string(asking->settings.keys.duration.count()) +
                   "&WebIdentityToken=" + uri_encode(shown.text);
    auto reply = co_await ask(asking, std::move(request), deadline);
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    const Wiped body(std::move(reply->body));
    co_return made_of(read_sts_answer(reply->status, body.text, time_of(*reply)));
}

net::Task<fetch::Made> from_container(Shared asking, net::Time deadline) {
    const auto& source = std::get<ContainerSource>(asking->source);
    Wiped authorization{std::string(source.authorization.reveal())};
    if (!source.authorization_file.empty()) {
        auto token = read_token(source.authorization_file);
        if (!token) {
            co_return trouble(fetch::Fault::transient, "no token for the container's agent: " + token.error().message);
        }
        authorization.text = std::move(*token);
    }
    fetch::Request request = request_of("GET", source.target, {{"accept", "application/json"}});
    if (!authorization.text.empty()) {
        request.fields.emplace_back("authorization", authorization.text);
    }
    auto reply = co_await ask(asking, std::move(request), deadline);
    if (!reply) {
        co_return std::unexpected(std::move(reply.error()));
    }
    const Wiped body(std::move(reply->body));
    co_return made_of(read_keys_document(name(asking->source), reply->status, body.text, time_of(*reply)));
}

/// A step of the instance's metadata service; anything but 200 is trouble. Version 1 is never asked: it answers
/// whoever can make us send a GET.
net::Task<Answer> ask_instance(Shared asking, fetch::Request request, net::Time deadline) {
    const std::string step = request.method + " " + request.target;
    auto reply = co_await ask(asking, std::move(request), deadline);
    if (!reply && step.starts_with("PUT")) {
        reply.error().words += " (from within a container the answer needs a hop limit of 2)";
    }
    if (reply && reply->status != 200) {
        const bool none = reply->status == 404 && step.starts_with("GET");
        co_return trouble(reply->status == 403 ? fetch::Fault::permanent : fetch::Fault::transient,
                          "the instance's metadata: " + step + " was answered " + std::to_string(reply->status) +
                              (none ? ": the instance has no role" : ""));
    }
    co_return reply;
}

/// The first line, as it can stand in a path or a field.
std::string first_line(std::string_view text) {
    const std::string_view line = trim(text.substr(0, text.find_first_of("\r\n")));
    const bool plain = std::ranges::all_of(line, [](char c) { return c > 0x20 && c < 0x7F; });
    return plain ? std::string(line) : std::string();
}

net::Task<fetch::Made> from_instance(Shared asking, net::Time deadline) {
    fetch::Request wanted =
        request_of("PUT", kInstanceToken, {{"x-aws-ec2-metadata-token-ttl-seconds", kInstanceTokenSeconds}});
    auto answer = co_await ask_instance(asking, std::move(wanted), deadline);
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    const Wiped token(first_line(answer->body));
    fetch::Request which = request_of("GET", kInstanceRole, {{"x-aws-ec2-metadata-token", token.text}});
    answer = co_await ask_instance(asking, std::move(which), deadline);
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    const std::string role = first_line(answer->body);
    if (token.text.empty() || role.empty()) {
        co_return trouble(fetch::Fault::transient, "the instance's metadata names no role");
    }
    fetch::Request keys =
        request_of("GET", kInstanceRole + uri_encode(role), {{"x-aws-ec2-metadata-token", token.text}});
    answer = co_await ask_instance(asking, std::move(keys), deadline);
    if (!answer) {
        co_return std::unexpected(std::move(answer.error()));
    }
    const Wiped body(std::move(answer->body));
    co_return made_of(read_keys_document(name(asking->source), answer->status, body.text, time_of(*answer)));
}

net::Task<fetch::Made> once(Shared asking, net::Time deadline) {
    if (const auto* fixed = std::get_if<FixedKeys>(&asking->source)) {
        co_return from_fixed(*fixed);
    }
    if (std::holds_alternative<WebIdentitySource>(asking->source)) {
        co_return co_await from_web_identity(asking, deadline);
    }
    if (std::holds_alternative<ContainerSource>(asking->source)) {
        co_return co_await from_container(asking, deadline);
    }
    co_return co_await from_instance(asking, deadline);
}

net::Task<fetch::Made> fetch_keys(Shared asking, net::Time deadline) {
    fetch::Fetch one = [asking](net::Time until) { return once(asking, until); };
    co_return co_await fetch::with_tries(asking->desk.loop(), std::move(one), asking->each, deadline);
}

/// Where the source is asked if the configuration names no other place; nothing for fixed keys.
std::optional<config::Endpoint> endpoint_of(const AwsSource& source) {
    if (const auto* identity = std::get_if<WebIdentitySource>(&source)) {
        return identity->sts;
    }
    if (const auto* container = std::get_if<ContainerSource>(&source)) {
        return container->endpoint;
    }
    if (const auto* instance = std::get_if<InstanceSource>(&source)) {
        return instance->endpoint;
    }
    return std::nullopt;
}

}  // namespace

Result<fetch::Fetch> aws_keys_fetch(fetch::Desk& desk, AwsKeysSettings settings) {
    auto source = choose_aws_source(settings.keys, settings.region, settings.environment);
    if (!source) {
        return std::unexpected(std::move(source.error()));
    }
    auto asking = std::make_shared<Asking>(desk, std::move(settings), std::move(*source));
    config::TokenEndpoint through = asking->settings.keys.endpoint;
    const bool container = std::holds_alternative<ContainerSource>(asking->source);
    const bool metadata = container || std::holds_alternative<InstanceSource>(asking->source);
    asking->each = metadata ? std::min(through.timeout, kMetadataMost) : through.timeout;
    if (container) {
        through.url.reset();  // it is part of the source already
    }
    if (const auto endpoint = endpoint_of(asking->source)) {
        auto client = desk.client(through, *endpoint);
        if (!client) {
            return std::unexpected(std::move(client.error()));
        }
        asking->client = std::move(*client);
    }
    return fetch::Fetch([asking](net::Time deadline) { return fetch_keys(asking, deadline); });
}

const AwsCredentials& aws_credentials(const fetch::Value& value) {
    return static_cast<const AwsKeysValue&>(value).credentials;
}

}  // namespace adit::credential
