// The WireGuard part of a token: a row of identities in the connector's network, and where the connector is.
//
// It is one entry of the token whose value is entries again. A replica of the agent that holds the token is one member
// of the row: number 0 is the lobby, where it asks which seat is free; 1 to `seats` are the seats.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "common/base/encoding.h"
#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/net/address.h"
#include "common/wireguard/key.h"

namespace adit::token {

/// The seats of a row where nothing else is said: with the lobby that is eight addresses.
inline constexpr unsigned kSeats = 7;
/// The most seats that a row may have.
inline constexpr unsigned kSeatsMost = 63;

/// Keys are text as `wg` prints them.
struct WireGuard {
    Secret seed;           ///< 32 bytes from which the private keys of the row follow
    Secret preshared_key;  ///< of the whole row
    wireguard::PublicKey peer;
    std::vector<net::HostPort> endpoints;    ///< UDP, of connectors; at least one
    boost::asio::ip::address first_address;  ///< of number 0; the others follow
    unsigned seats = kSeats;
    unsigned prefix = 0;     ///< of the network in which the addresses are
    net::Address connector;  ///< where sessions are opened by TCP, inside the network
    unsigned mtu = 0;        ///< of packets inside the network

    /// The private key of a member of the row, by its number.
    Result<Secret> private_key(unsigned number) const;
    /// Its address inside the network.
    boost::asio::ip::address address(unsigned number) const;
};

/// The part's entries. Holds secrets: to be wiped by who asked.
Bytes format_wireguard(const WireGuard& part);
/// The part from its entries, or what is wrong with it, as words that go on from "the token cannot be used: ".
std::expected<WireGuard, std::string> parse_wireguard(std::span<const std::uint8_t> bytes);

}  // namespace adit::token
