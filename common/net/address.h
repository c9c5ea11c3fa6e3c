// Socket addresses and host:port pairs as values.
#pragma once

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit::net {

/// An IP address and port.
struct Address {
    boost::asio::ip::address ip;
    std::uint16_t port = 0;

    static Address of_local(int fd);
    static Address of_peer(int fd);
    /// "10.0.0.5:443" or "[::1]:443".
    std::string text() const;
    /// Fills `storage` for bind() and connect(); returns the length.
    socklen_t to_socket(sockaddr_storage& storage) const;
    friend bool operator==(const Address&, const Address&) = default;
};

/// A name or IP address and a port, as written in configurations, tokens and CONNECT targets. IPv6 without brackets.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;

    /// "host:port", "[::1]:port". Refuses an empty host, a port that is not 1 to 65535 (0 is allowed for listeners when
    /// `zero_port` is) and anything that could not be a host name.
    static Result<HostPort> parse(std::string_view text, bool zero_port = false);
    std::string text() const;
    /// The address when the host is an IP literal.
    std::optional<Address> literal() const;
    friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Whether a name is "localhost" or below it: loopback by definition (RFC 6761 §6.3), whatever the system's files say
/// or lack.
bool is_localhost(std::string_view name);

}  // namespace adit::net
