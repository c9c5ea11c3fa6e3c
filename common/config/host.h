// Hosts and ports as written in a configuration. Pure text: nothing is resolved.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit::yaml {

/// "127.0.0.1:8080", "[::1]:8080", "tunnel.example.com:7443" in its parts.
struct HostAndPort {
    std::string host;  ///< a name, an IPv4 address, or an IPv6 address without brackets
    std::uint16_t port = 0;
};

/// Whether port 0 ("any free port") is accepted.
enum class ZeroPort { allowed, refused };
Result<HostAndPort> parse_host_and_port(std::string_view text, ZeroPort zero_port);

/// A host alone: an IPv4 address, an IPv6 address in brackets, or a DNS name (underscores allowed, as in container
/// names). Gives it without brackets.
Result<std::string> parse_host(std::string_view text);

/// "8080"; digits only.
Result<std::uint16_t> parse_port(std::string_view text, ZeroPort zero_port);

}  // namespace adit::yaml
