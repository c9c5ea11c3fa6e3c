// From records to peers; see wireguard_peers.h.
#include "connector/store/wireguard_peers.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "connector/store/address_rows.h"

namespace adit {
namespace ip = boost::asio::ip;
namespace {

/// A row's addresses and keys, all of them at once or none.
class Claims {
  public:
    bool claim(const WireGuardRecord& row) {
        for (std::size_t i = 0; i < row.public_keys.size(); ++i) {
            if (addresses_.contains(net::address_after(row.address, i)) || keys_.contains(row.public_keys[i])) {
                return false;
            }
        }
        for (std::size_t i = 0; i < row.public_keys.size(); ++i) {
            addresses_.insert(net::address_after(row.address, i));
            keys_.insert(row.public_keys[i]);
        }
        return true;
    }

  private:
    std::set<ip::address> addresses_;
    std::set<wireguard::PublicKey> keys_;
};

}  // namespace

std::vector<RowMember> row_members(const std::vector<TunnelRecord>& records) {
    std::vector<RowMember> members;
    Claims claims;
    for (const TunnelRecord& tunnel : records) {
        for (const KeyRecord& key : tunnel.keys) {
            if (!key.wireguard || key.wireguard->address.is_unspecified() || !claims.claim(*key.wireguard)) {
                continue;
            }
            for (std::size_t i = 0; i < key.wireguard->public_keys.size(); ++i) {
                members.push_back({&tunnel, &key, static_cast<unsigned>(i),
                                   net::address_after(key.wireguard->address, i), &key.wireguard->public_keys[i]});
            }
        }
    }
    return members;
}

std::vector<TunnelRecord> keys_gone(const std::vector<TunnelRecord>& before, const std::vector<TunnelRecord>& now) {
    std::set<std::string_view> present;
    for (const TunnelRecord& tunnel : now) {
        for (const KeyRecord& key : tunnel.keys) {
            present.insert(key.id);
        }
    }
    std::vector<TunnelRecord> gone;
    for (const TunnelRecord& tunnel : before) {
        TunnelRecord left = tunnel;
        std::erase_if(left.keys, [&](const KeyRecord& key) { return present.contains(key.id); });
        if (!left.keys.empty()) {
            gone.push_back(std::move(left));
        }
    }
    return gone;
}

Result<Secret> row_preshared_key(const Secret& secret, std::string_view key_id) {
    return wireguard::derive_key(secret, "adit preshared key " + std::string(key_id));
}

Result<std::vector<wireguard::Peer>> wireguard_peers(const std::vector<TunnelRecord>& records, const Secret& preshared,
                                                     const net::Network& network, WallTime now,
                                                     std::chrono::seconds keepalive) {
    std::vector<wireguard::Peer> peers;
    for (const RowMember& member : row_members(records)) {
        const bool expired = member.key->expires && *member.key->expires <= now;
        if (expired || !network.contains(member.address) || member.address == connector_address(network)) {
            continue;
        }
        auto key = row_preshared_key(preshared, member.key->id);
        if (!key) {
            return std::unexpected(std::move(key.error()));
        }
        peers.push_back({*member.public_key, std::move(*key), member.address, std::nullopt, keepalive});
    }
    return peers;
}

}  // namespace adit
