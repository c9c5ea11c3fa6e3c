// Who may come over WireGuard: members of the keys' rows, and the peers that a device gets for them.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/net/network.h"
#include "common/wireguard/device.h"
#include "connector/store/record.h"

namespace adit {

/// One member of a key's row. Borrows from the records.
struct RowMember {
    const TunnelRecord* tunnel;
    const KeyRecord* key;
    unsigned number;  ///< 0: the lobby; else a seat
    boost::asio::ip::address address;
    const wireguard::PublicKey* public_key;
};

/// All members of all rows. Of rows that claim the same address or public key, which only files written by hand do, the
/// first has it and the others are left out: an address is an identity.
std::vector<RowMember> row_members(const std::vector<TunnelRecord>& records);

/// The preshared key of a key's row, from the connector's secret for these.
Result<Secret> row_preshared_key(const Secret& secret, std::string_view key_id);

/// The keys of `before` that are not in `now`, in records of their tunnels.
std::vector<TunnelRecord> keys_gone(const std::vector<TunnelRecord>& before, const std::vector<TunnelRecord>& now);

/// The peers of a connector's device. Left out are keys that have expired, addresses outside the network, and the
/// connector's own.
Result<std::vector<wireguard::Peer>> wireguard_peers(const std::vector<TunnelRecord>& records, const Secret& preshared,
                                                     const net::Network& network, WallTime now,
                                                     std::chrono::seconds keepalive);

}  // namespace adit
