// The calls that the linker (--wrap) leads here: those on netlink sockets go to the fake kernel, the others on.
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstring>

#include "tests/unit/wireguard/fake_kernel.h"

extern "C" {
int __real_socket(int domain, int type, int protocol);
int __real_bind(int fd, const sockaddr* address, socklen_t size);
int __real_getsockname(int fd, sockaddr* address, socklen_t* size);
ssize_t __real_sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size);
ssize_t __real_recvmsg(int fd, msghdr* message, int flags);
int __real_close(int fd);
}

using adit::wireguard::test::FakeKernel;

namespace {

bool ours(int fd) {
    return FakeKernel::active != nullptr && FakeKernel::active->owns(fd);
}

}  // namespace

extern "C" {

int __wrap_socket(int domain, int type, int protocol) {
    return FakeKernel::active != nullptr && domain == AF_NETLINK ? FakeKernel::active->open_socket(protocol)
                                                                 : __real_socket(domain, type, protocol);
}

int __wrap_bind(int fd, const sockaddr* address, socklen_t size) {
    return ours(fd) ? 0 : __real_bind(fd, address, size);
}

int __wrap_getsockname(int fd, sockaddr* address, socklen_t* size) {
    if (!ours(fd)) {
        return __real_getsockname(fd, address, size);
    }
    sockaddr_nl own{};
    own.nl_family = AF_NETLINK;
    std::memcpy(address, &own, sizeof own);
    *size = sizeof own;
    return 0;
}

ssize_t __wrap_sendto(int fd, const void* data, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
    if (!ours(fd)) {
        return __real_sendto(fd, data, size, flags, to, to_size);
    }
    FakeKernel::active->take(fd, {static_cast<const char*>(data), size});
    return static_cast<ssize_t>(size);
}

ssize_t __wrap_recvmsg(int fd, msghdr* message, int flags) {
    return ours(fd) ? FakeKernel::active->give(fd, message) : __real_recvmsg(fd, message, flags);
}

int __wrap_close(int fd) {
    if (ours(fd)) {
        FakeKernel::active->close_socket(fd);
    }
    return __real_close(fd);
}
}
