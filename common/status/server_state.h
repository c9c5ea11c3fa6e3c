// What a status server and its connections share.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/net/give_way.h"
#include "common/net/loop.h"
#include "common/status/browsers.h"
#include "common/status/listening_socket.h"
#include "common/status/server.h"

namespace adit::status {

class Connection;

/// A socket with who watches it.
struct Door {
    using Events = boost::asio::posix::stream_descriptor;

    Door(net::Loop& loop, ListeningSocket listening)
        : socket(std::move(listening)), events(loop.context(), socket.fd()) {}
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    ~Door() { close(); }
    void close();

    ListeningSocket socket;
    Events events;  ///< does not own the descriptor
};

struct ServerState {
    explicit ServerState(net::Loop& on) : loop(on) {}

    struct Entry {
        Server::Handler handler;
        Server::Action action;  ///< one of the two
    };

    net::Loop& loop;
    std::map<std::string, Entry, std::less<>> table;
    std::map<std::string, Server::Below, std::less<>> below;  ///< by prefix
    std::shared_ptr<const Guard> guard = std::make_shared<const Guard>();
    Server::Refused refused;
    net::SocketAddress address;
    Sharing sharing;
    std::shared_ptr<Door> door;  ///< shared with who accepts there
    std::vector<Connection*> connections;
    net::IdlePlaces idle;  ///< of those without a request under way
    Place place;
    bool stopped = false;
};

}  // namespace adit::status
