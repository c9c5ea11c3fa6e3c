// What a kernel answers about WireGuard interfaces: our rtnetlink, and the embeddable-wg-library of wireguard-tools
// behind kernel_library. The program is linked with --wrap for the calls by which netlink sockets are used.
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "common/wireguard/kernel_library.h"
#include "common/wireguard/rtnetlink.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

constexpr std::uint16_t kFamily = 0x21;
constexpr std::array<std::uint16_t, 6> kTypes{NLMSG_ERROR, NLMSG_DONE, RTM_NEWLINK, kFamily, NLMSG_NOOP, 0x10};

fuzz::Input* answers = nullptr;  ///< of the kernel, while a call runs
std::uint32_t sequence = 0;      ///< of the last question

/// Messages as they stand in one answer: whole attributes mostly, since a fuzzer knows nothing of their lengths.
std::string attributes(fuzz::Input& input, int depth) {
    std::string all;
    for (std::size_t count = input.below(6); count > 0; --count) {
        const std::uint8_t type = input.byte();
        std::string value;
        if ((type & 0x80) != 0 && depth < 4) {
            value = attributes(input, depth + 1);
        } else if ((type & 0x40) != 0) {
            static constexpr std::array<std::size_t, 8> kSizes{0, 1, 2, 4, 8, 16, 28, 32};
            value.assign(input.choice(kSizes), static_cast<char>(input.byte()));
        } else {
            value = input.take(input.below(40));
        }
        nlattr head{};
        head.nla_type = type & 0x1f;
        head.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size());
        if ((type & 0x20) != 0) {
            head.nla_len = static_cast<std::uint16_t>(input.number(2));
        }
        all.append(reinterpret_cast<const char*>(&head), sizeof head).append(value);
        all.resize(NLA_ALIGN(all.size()));
    }
    return all;
}

std::string answer(fuzz::Input& input) {
    std::string all;
    for (std::size_t count = 1 + input.below(3); count > 0; --count) {
        nlmsghdr head{};
        head.nlmsg_type = input.choice(kTypes);
        head.nlmsg_flags = input.byte() % 32;
        head.nlmsg_seq = sequence;
        const std::size_t fixed = head.nlmsg_type == RTM_NEWLINK ? 16 : 4;  // ifinfomsg; genlmsghdr, or an errno
        std::string payload(input.take(fixed));
        payload.resize(input.flag() ? payload.size() : fixed);
        payload += attributes(input, 0);
        head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + payload.size());
        if (input.byte() > 0xf0) {
            head.nlmsg_len = input.number(2);
        }
        all.append(reinterpret_cast<const char*>(&head), sizeof head).append(payload);
        all.resize(NLMSG_ALIGN(all.size()));
    }
    return all;
}

}  // namespace

extern "C" {

int __real_socket(int domain, int type, int protocol);
int __real_bind(int fd, const sockaddr* address, socklen_t size);
int __real_getsockname(int fd, sockaddr* address, socklen_t* size);
ssize_t __real_sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size);
ssize_t __real_recvmsg(int fd, msghdr* message, int flags);

int __wrap_socket(int domain, int type, int protocol) {
    return answers != nullptr ? ::open("/dev/null", O_RDWR | O_CLOEXEC) : __real_socket(domain, type, protocol);
}

int __wrap_bind(int fd, const sockaddr* address, socklen_t size) {
    return answers != nullptr ? 0 : __real_bind(fd, address, size);
}

int __wrap_getsockname(int fd, sockaddr* address, socklen_t* size) {
    if (answers == nullptr) {
        return __real_getsockname(fd, address, size);
    }
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    std::memcpy(address, &own, sizeof own);
    *size = sizeof own;
    return 0;
}

ssize_t __wrap_sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
    if (answers == nullptr) {
        return __real_sendto(fd, data, size, flags, to, to_size);
    }
    nlmsghdr head{};
    std::memcpy(&head, data, sizeof head);
    fuzz::demand(head.nlmsg_len == size, "a question is one whole message");
    sequence = head.nlmsg_seq;
    return static_cast<ssize_t>(size);
}

ssize_t __wrap_recvmsg(int fd, msghdr* message, int flags) {
    if (answers == nullptr) {
        return __real_recvmsg(fd, message, flags);
    }
    if (answers->empty()) {
        errno = ECONNREFUSED;
        return -1;
    }
    const std::string bytes = answer(*answers);
    const std::size_t size = std::min(bytes.size(), message->msg_iov->iov_len);
    std::memcpy(message->msg_iov->iov_base, bytes.data(), size);
    message->msg_flags = size < bytes.size() ? MSG_TRUNC : 0;
    return static_cast<ssize_t>(size);
}

}  // extern "C"

void adit::fuzz::run(std::string_view input) {
    Input decisions(input);
    const bool links = decisions.flag();
    answers = &decisions;
    if (links) {
        if (auto socket = wireguard::RouteSocket::open()) {
            const auto found = socket->find("adit0");
            demand(!found || !*found || (*found)->kind.size() < input.size() + 64, "a link says no more than came");
            static_cast<void>(socket->bring_up(1, 1420, "adit"));
            static_cast<void>(socket->remove(1));
        }
    } else if (const auto state = wireguard::kernel_library::read("adit0")) {
        for (const wireguard::PeerStatus& peer : state->peers) {
            demand(!peer.handshake || (peer.handshake->time_since_epoch().count() >= 0 &&
                                       *peer.handshake < WallTime(std::chrono::hours(24 * 366 * 231))),
                   "a handshake was at a time with which one can reckon");
        }
    }
    answers = nullptr;
}
