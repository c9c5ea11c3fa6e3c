// Binding, accepting and handing over; see listener.h.
#include "common/net/listener.h"

#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/net/alarm.h"

namespace adit::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn

void switch_on(int fd, int level, int name) {
    const int on = 1;
    ::setsockopt(fd, level, name, &on, sizeof on);
}

/// Names ("localhost") are looked up here, once, before anything runs.
std::optional<Address> look_up(const HostPort& address) {
    if (const auto literal = address.literal()) {
        return literal;
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = AF_INET;
    addrinfo* list = nullptr;
    if (::getaddrinfo(address.host.c_str(), nullptr, &hints, &list) != 0) {
        if (is_localhost(address.host)) {
            return Address{boost::asio::ip::address_v4::loopback(), address.port};
        }
        return std::nullopt;
    }
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(list->ai_addr);
    Address found{boost::asio::ip::address_v4(ntohl(v4->sin_addr.s_addr)), address.port};
    ::freeaddrinfo(list);
    return found;
}

bool bind_to_interface(int fd, const std::string& interface) {
    return interface.empty() || ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.data(),
                                             static_cast<socklen_t>(interface.size())) == 0;
}

/// Returns the descriptor, or -1 with errno.
int bind_socket(const Address& address, bool share_port, const std::string& interface = {}) {
    sockaddr_storage storage;
    const socklen_t size = address.to_socket(storage);
    const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    switch_on(fd, SOL_SOCKET, SO_REUSEADDR);
    if (share_port) {
        switch_on(fd, SOL_SOCKET, SO_REUSEPORT);
    }
    if (storage.ss_family == AF_INET6 && !address.ip.is_unspecified()) {
        switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    }
    if (!bind_to_interface(fd, interface) || ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
        const int error = errno;
        ::close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

}  // namespace

Result<ListenSocket> ListenSocket::bind(const HostPort& address, const std::string& interface) {
    const auto found = look_up(address);
    if (!found) {
        return failure("cannot listen on " + address.text() + ": the host has no address");
    }
    const int fd = bind_socket(*found, true, interface);
    if (fd < 0) {
        const int error = errno;
        const std::string hint = error == EADDRINUSE ? " (another program has this port)" : "";
        const std::string where = interface.empty() ? "" : " at the interface " + interface;
        return failure("cannot listen on " + address.text() + where + ": " + std::strerror(error) + hint);
    }
    return ListenSocket(fd);
}

bool ListenSocket::taken(const HostPort& address) {
    const auto found = look_up(address);
    if (!found || address.port == 0) {
        return false;
    }
    const int fd = bind_socket(*found, false);
    if (fd < 0) {
        return errno == EADDRINUSE;
    }
    ::close(fd);
    return false;
}

void ListenSocket::close() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

Result<> ListenSocket::listen() {
    if (::listen(fd_, kBacklog) != 0) {
        return failure("cannot listen on " + address().text() + ": " + std::strerror(errno));
    }
    return {};
}

void ListenSocket::steer_to_successor(unsigned ours) {
    // index = ours + random % ours. Where the group has no socket of that index, the kernel falls back to its hash, so
    // without a successor nothing changes. A successor with more workers gets its first `ours` sockets used.
    std::array<sock_filter, 4> program{{
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)},
        {BPF_ALU | BPF_MOD | BPF_K, 0, 0, ours},
        {BPF_ALU | BPF_ADD | BPF_K, 0, 0, ours},  // NOLINT(misc-redundant-expression): both are nought, by chance
        {BPF_RET | BPF_A, 0, 0, 0},
    }};
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    ::setsockopt(fd_, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter);
}

Listener::Listener(Loop& loop, ListenSocket socket, Accepted accepted)
    : loop_(&loop),
      socket_(std::move(socket)),
      accepted_(std::move(accepted)),
      watch_(std::make_unique<Watch>(loop, socket_.fd())) {}

Listener::~Listener() = default;

bool Listener::accept_some() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
        const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                return false;
            }
            if (errno == EAGAIN || errno == EWOULDBLOCK) {
                watch_->readable = false;
                return true;
            }
            continue;  // a connection that was gone before we took it
        }
        accepted_(fd, Address::of_peer(fd));
    }
    return true;
}

Task<> Listener::run() {
    using namespace std::chrono_literals;
    while (!stopped_) {
        if (!accept_some()) {
            co_await sleep_for(*loop_, 50ms);  // out of descriptors: those in use have to end first
            continue;
        }
        if (watch_->readable) {
            watch_->on_readable.wake();  // more are waiting, after the others' turn
        }
        co_await watch_->on_readable.wait();
    }
    watch_.reset();
    socket_.close();
}

void Listener::stop() {
    if (std::exchange(stopped_, true)) {
        return;
    }
    accept_some();
    watch_->on_readable.wake();
}

}  // namespace adit::net
