// Listening sockets that can be handed from one process to the next without losing a connection.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/base/error.h"
#include "common/net/address.h"
#include "common/net/loop.h"

namespace adit::net {

/// A bound TCP socket. Bound is not yet listening: the kernel gives it connections only after listen(), which is how a
/// successor waits until it can serve.
class ListenSocket {
  public:
    /// Binds with SO_REUSEPORT, so that each worker has a queue of its own and a successor can bind beside us.
    /// With an `interface`, only what comes in there is ever seen; refused when that cannot be had.
    static Result<ListenSocket> bind(const HostPort& address, const std::string& interface = {});
    /// Whether another process of this user has the address already: binding without SO_REUSEPORT fails.
    static bool taken(const HostPort& address);

    ListenSocket(ListenSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ListenSocket& operator=(ListenSocket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~ListenSocket() { close(); }

    Result<> listen();
    void close();
    int fd() const { return fd_; }
    Address address() const { return Address::of_local(fd_); }
    /// Sends new connections past the first `ours` sockets of the SO_REUSEPORT group, to those of a successor, if there
    /// are any (a classic BPF program chosen by SO_ATTACH_REUSEPORT_CBPF, socket(7)). Established ones stay.
    void steer_to_successor(unsigned ours);

  private:
    explicit ListenSocket(int fd) : fd_(fd) {}
    int fd_;
};

/// Accepts on one loop until stop(). The socket must be listening.
class Listener {
  public:
    /// Takes over the connected descriptor (non-blocking, close-on-exec).
    using Accepted = std::function<void(int fd, const Address& peer)>;

    Listener(Loop& loop, ListenSocket socket, Accepted accepted);
    ~Listener();

    /// Runs until stop(); the owner spawns it once and keeps the listener alive until then.
    Task<> run();
    /// Takes what stands in the queue and closes the socket.
    void stop();
    ListenSocket& socket() { return socket_; }

  private:
    static constexpr int kAcceptsPerTurn = 64;
    bool accept_some();

    Loop* loop_;
    ListenSocket socket_;
    Accepted accepted_;
    std::unique_ptr<Watch> watch_;
    bool stopped_ = false;
};

}  // namespace adit::net
