// A block of IP addresses, as 10.0.0.0/8 writes it.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit::net {

/// IPv4 in IPv6 clothes (::ffff:10.0.0.1, as a socket for both families sees it) as what it is.
boost::asio::ip::address plain(const boost::asio::ip::address& address);

/// The address `count` behind another, in its family; the lowest ones follow the highest.
boost::asio::ip::address address_after(const boost::asio::ip::address& address, std::uint64_t count);
/// How far an address is behind `first`; none when it is before it, of another family, or further than 64 bits say.
std::optional<std::uint64_t> distance(const boost::asio::ip::address& first, const boost::asio::ip::address& address);

/// All addresses that begin with the same bits.
class Network {
  public:
    /// "10.0.0.0/8", "fd00::/8", or one address alone. Refuses bits behind the prefix: a block that was mistyped.
    static Result<Network> parse(std::string_view text);

    bool contains(const boost::asio::ip::address& address) const;
    /// Its lowest address.
    boost::asio::ip::address first() const;
    /// The bits that its addresses share: 0 to 32 for IPv4, to 128 for IPv6.
    unsigned prefix() const;
    std::string text() const;
    friend bool operator==(const Network&, const Network&) = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};  ///< IPv4 as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2)
    unsigned prefix_ = 0;
};

}  // namespace adit::net
