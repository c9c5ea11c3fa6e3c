// Which addresses of the WireGuard network belong to which key.
//
// The network is cut into blocks of equal size, a power of two. The first block is the connector's own; each key with
// WireGuard has one of the others for its row: lobby and seats.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <vector>

#include "common/base/error.h"
#include "common/net/network.h"
#include "connector/store/record.h"

namespace adit {

/// The connector's own address in the network: the one behind the lowest.
boost::asio::ip::address connector_address(const net::Network& network);

/// The lowest free block for a row of `count` addresses, by its first address. Rows of all keys count as taken, expired
/// ones too. An error in words when the network is full.
Result<boost::asio::ip::address> free_row(const net::Network& network, std::size_t count,
                                          const std::vector<TunnelRecord>& records);

}  // namespace adit
