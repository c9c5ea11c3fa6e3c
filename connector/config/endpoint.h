// Endpoints of backends: service://NAME through a tunnel, http://host:port/base or https:// directly, internal://ROUTE
// by a route of the same connector.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit::config {

/// One place that can answer a backend's requests.
struct Endpoint {
    enum class Scheme { service, http, https, internal };

    Scheme scheme = Scheme::http;
    std::string host;         ///< http, https: a name or an address, IPv6 without brackets
    std::uint16_t port = 80;  ///< http, https
    std::string service;      ///< service: its name
    std::string base_path;  ///< http, https: before the path of every request; "" or "/base" without a slash at its end
    std::string route = {};      ///< internal: the name of the route that goes on
    std::uint32_t weight = 1;    ///< of its requests beside the others'; 0: none but in need
    std::uint32_t priority = 0;  ///< those of a higher number get requests when the lower ones are down
    std::string zone = {};       ///< see Balance::zone

    /// As a URL, for logs and metrics.
    std::string text() const;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Reads an endpoint; the error says what is wrong with the text.
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace adit::config
