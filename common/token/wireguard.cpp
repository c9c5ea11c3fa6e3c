// Writing, reading and using the WireGuard part; see wireguard.h.
#include "common/token/wireguard.h"

#include <algorithm>
#include <optional>

#include "common/net/network.h"
#include "common/token/entries.h"
#include "common/wireguard/mtu.h"

namespace adit::token {
namespace ip = boost::asio::ip;
namespace {

/// Entry types of the part. Those with the high bit may be ignored by readers that do not know them.
enum Type : std::uint8_t {
    kSeed = 1,
    kPresharedKey = 2,
    kPeer = 3,
    kEndpoint = 4,
    kAddress = 5,  ///< the row's first, in the bytes of its family
    kRow = 6,      ///< seats, prefix: one byte each
    kConnector = 7,
    kMtu = 8,  ///< two bytes
};

constexpr std::size_t kKeySize = 32;

void put_secret(Bytes& out, std::uint8_t type, const Secret& key) {
    Bytes bytes = base64_decode(key.reveal()).value_or(Bytes());
    put(out, type, bytes);
    wipe_memory(bytes.data(), bytes.size());
}

std::optional<ip::address> address_of(std::span<const std::uint8_t> bytes) {
    if (bytes.size() == 4) {
        ip::address_v4::bytes_type v4{};
        std::ranges::copy(bytes, v4.begin());
        return ip::address_v4(v4);
    }
    if (bytes.size() == 16) {
        ip::address_v6::bytes_type v6{};
        std::ranges::copy(bytes, v6.begin());
        return ip::address_v6(v6);
    }
    return std::nullopt;
}

Bytes bytes_of(const ip::address& address) {
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return {bytes.begin(), bytes.end()};
    }
    const auto bytes = address.to_v6().to_bytes();
    return {bytes.begin(), bytes.end()};
}

std::string_view take_key(std::span<const std::uint8_t> value, Secret& key) {
    if (value.size() != kKeySize) {
        return "a key of its WireGuard part has the wrong size";
    }
    key = Secret(base64_encode(value));
    return {};
}

std::string_view take_endpoint(const Entry& entry, WireGuard& part) {
    auto endpoint = net::HostPort::parse(entry.text());
    if (!endpoint) {
        return "an endpoint of its WireGuard part is not HOST:PORT";
    }
    part.endpoints.push_back(std::move(*endpoint));
    return {};
}

std::string_view take_addresses(const Entry& entry, WireGuard& part) {
    if (entry.type == kAddress) {
        const auto address = address_of(entry.value);
        part.first_address = address.value_or(ip::address());
        return address ? "" : "the address of its WireGuard part has the wrong size";
    }
    const auto connector = net::HostPort::parse(entry.text());
    const auto literal = connector ? connector->literal() : std::nullopt;
    part.connector = literal.value_or(net::Address());
    return literal ? "" : "the connector's address inside the WireGuard network is not IP:PORT";
}

std::string_view take_numbers(const Entry& entry, WireGuard& part) {
    if (entry.value.size() != 2) {
        return "a number of its WireGuard part has the wrong size";
    }
    if (entry.type == kMtu) {
        part.mtu = (unsigned{entry.value[0]} << 8) | entry.value[1];
    } else {
        part.seats = entry.value[0];
        part.prefix = entry.value[1];
    }
    return {};
}

/// Takes one entry into the part; words when its value is wrong.
std::string_view take(const Entry& entry, WireGuard& part) {
    switch (entry.type) {
        case kSeed:
            return take_key(entry.value, part.seed);
        case kPresharedKey:
            return take_key(entry.value, part.preshared_key);
        case kPeer:
            if (entry.value.size() != kKeySize) {
                return "a key of its WireGuard part has the wrong size";
            }
            std::ranges::copy(entry.value, part.peer.bytes.begin());
            return {};
        case kEndpoint:
            return take_endpoint(entry, part);
        case kAddress:
        case kConnector:
            return take_addresses(entry, part);
        case kRow:
        case kMtu:
            return take_numbers(entry, part);
        default:
            return may_be_skipped(entry.type)
                       ? ""
                       : "its WireGuard part holds something that this version does not know: update adit-agent";
    }
}

/// What a part lacks whose entries are good each by itself; empty when it is whole.
std::string_view lack(const WireGuard& part) {
    if (part.seed.empty() || part.preshared_key.empty() || part.peer == wireguard::PublicKey()) {
        return "its WireGuard part lacks a key";
    }
    if (part.endpoints.empty()) {
        return "its WireGuard part names no endpoint";
    }
    if (part.first_address.is_unspecified() || part.connector.ip.is_unspecified()) {
        return "its WireGuard part lacks an address";
    }
    if (part.first_address.is_v4() != part.connector.ip.is_v4()) {
        return "the addresses of its WireGuard part are of two families";
    }
    if (part.seats < 1 || part.seats > kSeatsMost || part.prefix > (part.first_address.is_v4() ? 32U : 128U) ||
        part.mtu < wireguard::kMinMtu || part.mtu > wireguard::kMaxMtu) {
        return "a number of its WireGuard part cannot be: seats, prefix or MTU";
    }
    return {};
}

}  // namespace

Result<Secret> WireGuard::private_key(unsigned number) const {
    return wireguard::derive_key(seed, "adit wireguard seat " + std::to_string(number));
}

ip::address WireGuard::address(unsigned number) const {
    return net::address_after(first_address, number);
}

Bytes format_wireguard(const WireGuard& part) {
    Bytes out;
    out.reserve(8192);  // it does not move while it grows, so no secret stays behind
    put_secret(out, kSeed, part.seed);
    put_secret(out, kPresharedKey, part.preshared_key);
    put(out, kPeer, part.peer.bytes);
    for (const net::HostPort& endpoint : part.endpoints) {
        put(out, kEndpoint, endpoint.text());
    }
    put(out, kAddress, bytes_of(part.first_address));
    put(out, kRow, Bytes{static_cast<std::uint8_t>(part.seats), static_cast<std::uint8_t>(part.prefix)});
    put(out, kConnector, part.connector.text());
    put(out, kMtu, Bytes{static_cast<std::uint8_t>(part.mtu >> 8), static_cast<std::uint8_t>(part.mtu)});
    return out;
}

std::expected<WireGuard, std::string> parse_wireguard(std::span<const std::uint8_t> bytes) {
    WireGuard part;
    for (std::size_t entries = 0; !bytes.empty(); ++entries) {
        const auto entry = take_entry(bytes);
        if (!entry || entries == kEntriesMost) {
            return std::unexpected("its WireGuard part is cut off");
        }
        if (const std::string_view wrong = take(*entry, part); !wrong.empty()) {
            return std::unexpected(std::string(wrong));
        }
    }
    if (const std::string_view wrong = lack(part); !wrong.empty()) {
        return std::unexpected(std::string(wrong));
    }
    return part;
}

}  // namespace adit::token
