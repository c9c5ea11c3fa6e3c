// Accepting, and what the paths are; see server.h.
#include "common/status/server.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "common/net/spawn.h"
#include "common/status/connection.h"
#include "common/status/server_state.h"

namespace adit::status {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};  ///< after a failure, such as no descriptor left
constexpr int kAcceptsPerTurn = 16;                     ///< those who give way to them still have to end

using Executor = asio::io_context::executor_type;
constexpr auto kToken = asio::as_tuple_t<asio::use_awaitable_t<Executor>>();

/// A place for one more, if need be that of somebody who does nothing; he ends within moments.
bool make_room(ServerState& state) {
    return state.connections.size() < Connection::kMost || state.idle.free_one();
}

/// Takes some of those whom the queue has; false when none can be taken now.
bool take_waiting(const std::shared_ptr<ServerState>& state, const Door& door) {
    for (int i = 0; i < kAcceptsPerTurn && door.socket.fd() >= 0; ++i) {
        net::Descriptor accepted(::accept4(door.socket.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!accepted && errno != EINTR && errno != ECONNABORTED) {
            return errno == EAGAIN;
        }
        if (accepted && make_room(*state)) {
            net::spawn(state->loop.context(), "a status request",
                       Connection::serve(std::make_unique<Connection>(state, std::move(accepted))));
        }
    }
    return true;
}

/// As long as the door is open.
net::Task<> accept(std::shared_ptr<ServerState> state, std::shared_ptr<Door> door) {
    asio::steady_timer pause(state->loop.context());
    while (door->socket.fd() >= 0) {
        if (!take_waiting(state, *door)) {
            // A failed accept4() fails again at once: without a pause this loop would take the thread for itself.
            pause.expires_after(kAcceptPause);
            co_await pause.async_wait(kToken);
            continue;
        }
        co_await door->events.async_wait(Door::Events::wait_read, kToken);
    }
}

}  // namespace

void Door::close() {
    if (events.is_open()) {
        events.release();
    }
    socket.close();
}

Server::Server(net::Loop& loop) : state_(std::make_shared<ServerState>(loop)) {}

Server::~Server() {
    stop();
}

void Server::add(std::string path, Handler handler) {
    state_->table[std::move(path)] = {std::move(handler), nullptr};
}

void Server::add_action(std::string path, Action action) {
    state_->table[std::move(path)] = {nullptr, std::move(action)};
}

void Server::add_below(std::string prefix, Below handler) {
    state_->below[std::move(prefix)] = std::move(handler);
}

void Server::guard(Guard guard) {
    state_->place.names = guard.names;
    state_->place.by_tls = guard.tls != nullptr;
    state_->guard = std::make_shared<const Guard>(std::move(guard));
}

void Server::on_refusal(Refused refused) {
    state_->refused = std::move(refused);
}

Result<> Server::listen(const net::SocketAddress& address, const Sharing& sharing) {
    auto socket = ListeningSocket::open(address, sharing);
    if (!socket) {
        return std::unexpected(std::move(socket.error()));
    }
    state_->address = address;
    state_->sharing = sharing;
    state_->place.host = address.tcp.host;
    state_->place.reached_by_path = address.local();
    state_->place.loopback = address.private_to_host();
    state_->door = std::make_shared<Door>(state_->loop, std::move(*socket));
    return {};
}

void Server::start() {
    net::spawn(state_->loop.context(), "the status server", accept(state_, state_->door));
}

Result<> Server::listen_again() {
    if (state_->stopped || !state_->door || state_->door->socket.reachable()) {
        return {};
    }
    auto socket = ListeningSocket::open(state_->address, state_->sharing);
    if (!socket) {
        return std::unexpected(std::move(socket.error()));
    }
    state_->door->close();
    state_->door = std::make_shared<Door>(state_->loop, std::move(*socket));
    start();
    return {};
}

void Server::stop() {
    state_->stopped = true;
    if (state_->door) {
        state_->door->close();
    }
    for (Connection* connection : state_->connections) {
        connection->close();
    }
}

net::SocketAddress Server::address() const {
    return state_->door ? state_->door->socket.address() : state_->address;
}

}  // namespace adit::status
