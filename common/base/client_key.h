// What counts as one client where only its address is known.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstring>

namespace adit {

/// The family and the bytes that count: all of IPv4, and of IPv6 the /64, since each host has all addresses of one.
using ClientKey = std::array<unsigned char, 9>;

/// `address`: one of IPv4 that was written as IPv6 has been made plain.
inline ClientKey client_key(const boost::asio::ip::address& address) {
    ClientKey key{};
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        key[0] = 4;
        std::memcpy(&key[1], bytes.data(), bytes.size());
    } else {
        const auto bytes = address.to_v6().to_bytes();
        key[0] = 6;
        std::memcpy(&key[1], bytes.data(), key.size() - 1);
    }
    return key;
}

}  // namespace adit
