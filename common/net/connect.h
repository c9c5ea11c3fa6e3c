// Opening TCP connections: Happy Eyeballs over the addresses of a name (RFC 8305).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/net/address.h"
#include "common/net/call_off.h"
#include "common/net/tcp_stream.h"
#include "common/problem/failure.h"

namespace adit::net {

using Connected = std::expected<std::unique_ptr<TcpStream>, problem::Failure>;

/// Where connections must leave: so that none goes another way than the one that protects it.
struct Origin {
    boost::asio::ip::address address;  ///< their source; unspecified: as the routes say
    std::string interface;             ///< empty: any
};

/// The first of `addresses` that takes a connection: they are tried in order, a next one after each failure and after
/// each 250 ms without an answer, the earlier tries going on. All refused: the first refusal's failure; `deadline`
/// passed: connection_timeout. `what` names the target in the failure. Called off, the tries end at once, with a
/// failure.
Task<Connected> connect(Loop& loop, std::vector<Address> addresses, Time deadline, std::string what, Origin origin = {},
                        CallOff* call_off = nullptr);

}  // namespace adit::net
