// Comparing the first bits of addresses; see network.h.
#include "common/net/network.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace adit::net {
namespace ip = boost::asio::ip;
namespace {

constexpr unsigned kMappedBits = 96;  ///< before the address itself in an IPv4-mapped one

std::array<std::uint8_t, 16> bytes_of(const ip::address& address) {
    const ip::address_v6 wide = address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
    return wide.to_bytes();
}

/// Whether the first `count` bits are the same.
bool same_bits(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, unsigned count) {
    const unsigned whole = count / 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) {
        return false;
    }
    const auto mask = static_cast<std::uint8_t>(0xff00U >> (count % 8));
    return count % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0;
}

}  // namespace

ip::address plain(const ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    }
    return address;
}

ip::address address_after(const ip::address& address, std::uint64_t count) {
    if (address.is_v4()) {
        return ip::address_v4(address.to_v4().to_uint() + static_cast<std::uint32_t>(count));
    }
    auto bytes = address.to_v6().to_bytes();
    for (std::size_t i = bytes.size(); i-- > 0 && count != 0;) {
        count += bytes[i];
        bytes[i] = static_cast<std::uint8_t>(count);
        count >>= 8;
    }
    return ip::address_v6(bytes, address.to_v6().scope_id());
}

std::optional<std::uint64_t> distance(const ip::address& first, const ip::address& address) {
    if (first.is_v4() != address.is_v4() || address < first) {
        return std::nullopt;
    }
    const auto from = bytes_of(first);
    const auto to = bytes_of(address);
    // Schoolbook subtraction, the lowest byte first.
    std::array<std::uint8_t, 16> difference{};
    int borrow = 0;
    for (std::size_t i = 16; i-- > 0;) {
        const int byte = to[i] - from[i] - borrow;
        borrow = byte < 0 ? 1 : 0;
        difference[i] = static_cast<std::uint8_t>(byte);
    }
    std::uint64_t low = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i < 8 && difference[i] != 0) {
            return std::nullopt;
        }
        low = (low << 8) | difference[i];
    }
    return low;
}

Result<Network> Network::parse(std::string_view text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    boost::system::error_code bad;
    const ip::address address = ip::make_address(std::string(text.substr(0, slash)), bad);
    if (bad) {
        return usage_error("it is neither an IP address nor a block such as 10.0.0.0/8");
    }
    const unsigned most = address.is_v4() ? 32 : 128;
    unsigned prefix = most;
    if (slash < text.size()) {
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data() + slash + 1, end, prefix);
        if (error != std::errc() || stopped != end || prefix > most) {
            return usage_error("the prefix length is a number from 0 to " + std::to_string(most));
        }
    }
    Network network;
    network.bytes_ = bytes_of(address);
    network.prefix_ = prefix + (address.is_v4() ? kMappedBits : 0);
    for (unsigned bit = network.prefix_; bit < 128; ++bit) {
        if ((network.bytes_[bit / 8] & (0x80U >> (bit % 8))) != 0) {
            return usage_error("bits are set behind the prefix of " + std::to_string(prefix));
        }
    }
    return network;
}

bool Network::contains(const ip::address& address) const {
    return same_bits(bytes_of(address), bytes_, prefix_);
}

ip::address Network::first() const {
    return plain(ip::address_v6(bytes_));
}

unsigned Network::prefix() const {
    return first().is_v4() ? prefix_ - kMappedBits : prefix_;
}

std::string Network::text() const {
    return first().to_string() + "/" + std::to_string(prefix());
}

}  // namespace adit::net
