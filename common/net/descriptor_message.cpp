// Ancillary data; see descriptor_message.h.
#include "common/net/descriptor_message.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace adit::net {
namespace {

constexpr std::size_t kDescriptorsMost = 4;  ///< room for more than the one that is meant: a surplus is closed

Descriptor descriptor_of(msghdr& message) {
    Descriptor first;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            Descriptor one(fd);
            if (!first) {
                first = std::move(one);
            }
        }
    }
    return first;
}

}  // namespace

Received receive_with_descriptor(int socket, std::span<char> room) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptorsMost * sizeof(int))> control;
    iovec area{room.data(), room.size()};
    msghdr message{};
    message.msg_iov = &area;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0) {
        return {.size = size, .cut = false, .descriptor = {}};
    }
    return {.size = size, .cut = (message.msg_flags & MSG_TRUNC) != 0, .descriptor = descriptor_of(message)};
}

bool send_with_descriptor(int socket, std::string_view bytes, const Descriptor& descriptor) {
    iovec area{const_cast<char*>(bytes.data()), bytes.size()};  // sendmsg(2) only reads it
    msghdr message{};
    message.msg_iov = &area;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (descriptor) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        const int fd = descriptor.get();
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

}  // namespace adit::net
