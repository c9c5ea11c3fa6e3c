// Choosing where keys come from; see aws_source.h.
#include "connector/credential/aws_source.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdlib>

#include "common/base/strings.h"

namespace adit::credential {
namespace {

using config::AwsKeys;
using config::Endpoint;

constexpr const char* kContainerAgent = "169.254.170.2";
constexpr const char* kInstanceMetadata = "169.254.169.254";
/// ECS, and EKS Pod Identity in both families: where keys may come from without TLS, besides this machine itself.
constexpr std::array<std::string_view, 3> kClearTextAgents = {kContainerAgent, "169.254.170.23", "fd00:ec2::23"};

Endpoint http_endpoint(std::string host) {
    Endpoint endpoint;
    endpoint.scheme = Endpoint::Scheme::http;
    endpoint.host = std::move(host);
    endpoint.port = 80;
    return endpoint;
}

bool may_be_clear_text(const Endpoint& endpoint) {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(endpoint.host, no_address);
    if (no_address) {
        return iequals(endpoint.host, "localhost");
    }
    return address.is_loopback() || std::ranges::find(kClearTextAgents, address.to_string()) != kClearTextAgents.end();
}

/// What goes into a header: a line end in it would begin another header.
Result<void> printable(const Environment& environment, std::initializer_list<const char*> variables) {
    for (const char* variable : variables) {
        if (!std::ranges::all_of(environment(variable), [](char c) { return c >= 0x20 && c < 0x7f; })) {
            return usage_error(std::string(variable) + " in the environment is not one line of printable characters");
        }
    }
    return {};
}

AwsCredentials environment_keys(const Environment& environment) {
    return {environment("AWS_ACCESS_KEY_ID"), Secret(environment("AWS_SECRET_ACCESS_KEY")),
            Secret(environment("AWS_SESSION_TOKEN"))};
}

bool complete(const AwsCredentials& keys) {
    return !keys.access_key_id.empty() && !keys.secret_access_key.empty();
}

Result<AwsSource> from_environment(const Environment& environment) {
    AwsCredentials keys = environment_keys(environment);
    if (!complete(keys)) {
        return usage_error("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both in the environment");
    }
    if (auto good = printable(environment, {"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"}); !good) {
        return std::unexpected(std::move(good.error()));
    }
    return FixedKeys{std::move(keys)};
}

Result<AwsSource> web_identity(const AwsKeys& keys, const std::string& region, const Environment& environment) {
    WebIdentitySource source;
    source.role_arn = keys.role_arn.empty() ? environment("AWS_ROLE_ARN") : keys.role_arn;
    source.session_name = environment("AWS_ROLE_SESSION_NAME");
    if (source.session_name.empty() || !keys.role_arn.empty()) {
        source.session_name = keys.session_name;
    }
    if (!keys.federated) {
        source.token_file = keys.web_identity_token_file.empty() ? environment("AWS_WEB_IDENTITY_TOKEN_FILE")
                                                                 : keys.web_identity_token_file.string();
    }
    if (source.role_arn.empty()) {
        return usage_error("a web identity needs role_arn, or AWS_ROLE_ARN in the environment");
    }
    if (!keys.federated && source.token_file.empty()) {
        return usage_error(
            "a web identity needs federated, web_identity_token_file, or AWS_WEB_IDENTITY_TOKEN_FILE in "
            "the environment");
    }
    source.sts = sts_endpoint(aws_region(region, environment));
    return source;
}

/// Path and query stay as they are written: an endpoint has none.
Result<AwsSource> container_at(std::string_view url) {
    const std::size_t scheme = url.find("://");
    const std::size_t path = scheme == std::string_view::npos ? scheme : url.find_first_of("/?", scheme + 3);
    auto endpoint = config::parse_endpoint(url.substr(0, path));
    if (!endpoint) {
        return std::unexpected(std::move(endpoint.error()).with("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    }
    if (endpoint->scheme != Endpoint::Scheme::https &&
        (endpoint->scheme != Endpoint::Scheme::http || !may_be_clear_text(*endpoint))) {
        return usage_error(
            "the container's keys may come by https, or by http from this machine, 169.254.170.2, "
            "169.254.170.23 or [fd00:ec2::23]; not from " +
            endpoint->text());
    }
    ContainerSource source;
    source.endpoint = std::move(*endpoint);
    source.target = path == std::string_view::npos ? "/" : std::string(url.substr(path));
    if (!source.target.starts_with('/')) {
        source.target.insert(0, "/");
    }
    return source;
}

Result<AwsSource> container(const AwsKeys& keys, const Environment& environment) {
    if (auto good = printable(environment, {"AWS_CONTAINER_AUTHORIZATION_TOKEN"}); !good) {
        return std::unexpected(std::move(good.error()));
    }
    const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const std::string full =
        keys.endpoint.url ? keys.endpoint.url->text() : environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative.empty() && full.empty()) {
        return usage_error(
            "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is "
            "in the environment");
    }
    if (!relative.empty() && !relative.starts_with('/')) {
        return usage_error("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
    }
    // A URL that the operator has configured says where the agent is; ECS says what to ask it for.
    const bool moved = keys.endpoint.url && !relative.empty();
    auto source = container_at(moved              ? full + relative
                               : relative.empty() ? full
                                                  : std::string("http://") + kContainerAgent + relative);
    if (source) {
        auto& one = std::get<ContainerSource>(*source);
        one.authorization_file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        one.authorization = Secret(environment("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    }
    return source;
}

Result<AwsSource> instance(const Environment& environment) {
    const std::string url = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (url.empty()) {
        const bool v6 = iequals(environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), "ipv6");
        return InstanceSource{http_endpoint(v6 ? "fd00:ec2::254" : kInstanceMetadata)};
    }
    auto endpoint = config::parse_endpoint(url);
    if (!endpoint) {
        return std::unexpected(std::move(endpoint.error()).with("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
    }
    return InstanceSource{std::move(*endpoint)};
}

Result<AwsSource> first_there(const AwsKeys& keys, const std::string& region, const Environment& environment) {
    if (!environment("AWS_ACCESS_KEY_ID").empty()) {
        return from_environment(environment);
    }
    if (!environment("AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
        return web_identity(keys, region, environment);
    }
    if (!environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() ||
        !environment("AWS_CONTAINER_CREDENTIALS_FULL_URI").empty()) {
        return container(keys, environment);
    }
    if (iequals(environment("AWS_EC2_METADATA_DISABLED"), "true")) {
        return usage_error(
            "the environment describes no AWS keys, and AWS_EC2_METADATA_DISABLED forbids to ask the "
            "instance for them");
    }
    return instance(environment);
}

}  // namespace

std::string process_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

std::string_view name(const AwsSource& source) {
    static constexpr std::array<std::string_view, 4> names{"fixed keys", "STS (web identity)", "the container's agent",
                                                           "the instance's metadata"};
    return names[source.index()];
}

std::string aws_region(const std::string& configured, const Environment& environment) {
    for (const std::string& region : {configured, environment("AWS_REGION"), environment("AWS_DEFAULT_REGION")}) {
        if (!region.empty()) {
            return region;
        }
    }
    return {};
}

Endpoint sts_endpoint(const std::string& region) {
    Endpoint endpoint = http_endpoint("sts." + (region.empty() ? std::string("us-east-1") : region) + ".amazonaws.com" +
                                      (region.starts_with("cn-") ? ".cn" : ""));
    endpoint.scheme = Endpoint::Scheme::https;
    endpoint.port = 443;
    return endpoint;
}

Result<AwsSource> choose_aws_source(const AwsKeys& keys, const std::string& region, const Environment& environment) {
    switch (keys.from) {
        case AwsKeys::From::fixed:
            return FixedKeys{{keys.access_key_id, keys.secret_access_key.copy(), keys.session_token.copy()}};
        case AwsKeys::From::environment:
            return from_environment(environment);
        case AwsKeys::From::web_identity:
            return web_identity(keys, region, environment);
        case AwsKeys::From::container:
            return container(keys, environment);
        case AwsKeys::From::instance:
            return instance(environment);
        case AwsKeys::From::automatic:
            break;
    }
    if (!keys.access_key_id.empty()) {
        return FixedKeys{{keys.access_key_id, keys.secret_access_key.copy(), keys.session_token.copy()}};
    }
    if (!keys.role_arn.empty()) {
        return web_identity(keys, region, environment);
    }
    return first_there(keys, region, environment);
}

}  // namespace adit::credential
