// A block of IP addresses, as 10.0.0.0/8 writes it.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string_view>

#include "common/base/error.h"

namespace adit::net {

/// IPv4 in IPv6 clothes (::ffff:10.0.0.1, as a socket for both families sees it) as what it is.
boost::asio::ip::address plain(const boost::asio::ip::address& address);

/// All addresses that begin with the same bits.
class Network {
  public:
    /// "10.0.0.0/8", "fd00::/8", or one address alone. Refuses bits behind the prefix: a block that was mistyped.
    static Result<Network> parse(std::string_view text);

    bool contains(const boost::asio::ip::address& address) const;
    friend bool operator==(const Network&, const Network&) = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};  ///< IPv4 as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2)
    unsigned prefix_ = 0;
};

}  // namespace adit::net
