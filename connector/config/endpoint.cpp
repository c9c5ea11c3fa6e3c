// Only what the data path needs of URLs: scheme, authority without user information, a plain path.
#include "connector/config/endpoint.h"

#include <algorithm>
#include <utility>

#include "common/config/collections.h"
#include "common/config/host.h"
#include "common/net/address.h"

namespace adit::config {
namespace {

Result<Endpoint> parse_service(std::string_view name) {
    if (!yaml::is_name(name))
        return usage_error(
            "after service:// stands the name of a service (letters, digits, '-', '_' and '.'), "
            "without port or path");
    return Endpoint{
        .scheme = Endpoint::Scheme::service, .host = {}, .port = 0, .service = std::string(name), .base_path = {}};
}

Result<Endpoint> parse_internal(std::string_view name) {
    if (!yaml::is_name(name))
        return usage_error("after internal:// stands the name of a route of this file, without port or path");
    Endpoint endpoint;
    endpoint.scheme = Endpoint::Scheme::internal;
    endpoint.route = name;
    return endpoint;
}

bool is_path_character(char c) {
    return c > 0x20 && c < 0x7F && c != '\\' && c != '"' && c != '<' && c != '>';
}

Result<Endpoint> parse_http(Endpoint::Scheme scheme, std::string_view rest) {
    if (rest.find_first_of("?#") != std::string_view::npos)
        return usage_error("an endpoint has no query and no fragment");
    const auto slash = rest.find('/');
    const auto authority = rest.substr(0, slash);
    auto path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    if (authority.contains('@')) return usage_error("user and password do not belong in an endpoint");
    if (!std::ranges::all_of(path, is_path_character))
        return usage_error("the path has a character that needs escaping");
    while (path.ends_with('/')) path.remove_suffix(1);

    Endpoint endpoint;
    endpoint.scheme = scheme;
    endpoint.port = scheme == Endpoint::Scheme::https ? 443 : 80;
    endpoint.base_path = path;
    const auto colon = authority.rfind(':');
    const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
    auto host = yaml::parse_host(has_port ? authority.substr(0, colon) : authority);
    if (!host) return std::unexpected(host.error());
    endpoint.host = *std::move(host);
    if (has_port) {
        const auto port = yaml::parse_port(authority.substr(colon + 1), yaml::ZeroPort::refused);
        if (!port) return std::unexpected(port.error());
        endpoint.port = *port;
    }
    return endpoint;
}

}  // namespace

std::string Endpoint::text() const {
    if (scheme == Scheme::service) return "service://" + service;
    if (scheme == Scheme::internal) return "internal://" + route;
    return (scheme == Scheme::https ? "https://" : "http://") + net::HostPort{host, port}.text() + base_path;
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    constexpr std::string_view service = "service://";
    constexpr std::string_view internal = "internal://";
    constexpr std::string_view http = "http://";
    constexpr std::string_view https = "https://";
    if (text.starts_with(service)) return parse_service(text.substr(service.size()));
    if (text.starts_with(internal)) return parse_internal(text.substr(internal.size()));
    if (text.starts_with(http)) return parse_http(Endpoint::Scheme::http, text.substr(http.size()));
    if (text.starts_with(https)) return parse_http(Endpoint::Scheme::https, text.substr(https.size()));
    return usage_error("write service://NAME, http://host:port/base, https://host:port/base or internal://ROUTE");
}

}  // namespace adit::config
