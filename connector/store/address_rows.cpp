// Finding a free block; see address_rows.h.
#include "connector/store/address_rows.h"

#include <bit>
#include <cstdint>
#include <limits>
#include <set>

namespace adit {
namespace ip = boost::asio::ip;
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

/// The network as blocks, counted from 0.
class Blocks {
  public:
    Blocks(const net::Network& network, std::size_t row) : first_(network.first()), size_(std::bit_ceil(row)) {
        const unsigned bits = (first_.is_v4() ? 32 : 128) - network.prefix();
        // The last address of an IPv4 network is its broadcast address (RFC 919 §7), which is nobody's.
        const std::uint64_t unusable = first_.is_v4() && size_ == row ? 1 : 0;
        const std::uint64_t addresses = bits < 64 ? std::uint64_t{1} << bits : kMost;
        const std::uint64_t blocks = addresses / size_;
        count_ = blocks > unusable ? blocks - unusable : 0;
    }

    /// How many there are.
    std::uint64_t count() const { return count_; }
    ip::address address(std::uint64_t index) const { return net::address_after(first_, index * size_); }

    /// Marks the blocks in which addresses of a row are.
    void take(const ip::address& address, std::size_t row) {
        const auto offset = net::distance(first_, address);
        if (!offset || *offset / size_ >= count_) {
            return;  // of another network, from before the configuration changed
        }
        for (std::uint64_t index = *offset / size_; index <= (*offset + row - 1) / size_; ++index) {
            taken_.insert(index);
        }
    }
    bool is_free(std::uint64_t index) const { return !taken_.contains(index); }

  private:
    ip::address first_;
    std::uint64_t size_;
    std::uint64_t count_ = 0;
    std::set<std::uint64_t> taken_{0};  ///< the first is the connector's
};

}  // namespace

ip::address connector_address(const net::Network& network) {
    return net::address_after(network.first(), 1);
}

Result<ip::address> free_row(const net::Network& network, std::size_t count, const std::vector<TunnelRecord>& records) {
    Blocks blocks(network, count);
    for (const TunnelRecord& record : records) {
        for (const KeyRecord& key : record.keys) {
            if (key.wireguard && !key.wireguard->address.is_unspecified()) {
                blocks.take(key.wireguard->address, key.wireguard->public_keys.size());
            }
        }
    }
    // One of the first (keys + 2) is free, so this ends soon in a network of any size.
    for (std::uint64_t index = 1; index < blocks.count(); ++index) {
        if (blocks.is_free(index)) {
            return blocks.address(index);
        }
    }
    return usage_error("the WireGuard network " + network.text() +
                       " is full: " + std::to_string(blocks.count() > 0 ? blocks.count() - 1 : 0) +
                       " keys have addresses in it; revoke keys that are not used any more, or give "
                       "tunnels.wireguard.network a larger network");
}

}  // namespace adit
