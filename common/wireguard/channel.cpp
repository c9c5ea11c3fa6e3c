// Messages over a socket pair; see channel.h.
#include "common/wireguard/channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/wireguard/messages.h"

namespace adit::wireguard {
namespace json = boost::json;
namespace {

constexpr std::size_t kDescriptorsMost = 4;  ///< room for more than the one that is meant: a surplus is closed

void make_non_blocking(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/// The descriptor of a message. A surplus is closed. None comes when our table of descriptors is full (unix(7)).
net::Descriptor descriptor_of(msghdr& header) {
    net::Descriptor first;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            net::Descriptor one(fd);
            if (!first) {
                make_non_blocking(fd);
                first = std::move(one);
            }
        }
    }
    return first;
}

}  // namespace

Channel::Channel(net::Loop& loop, net::Descriptor socket) : socket_(std::move(socket)), event_(loop) {
    make_non_blocking(socket_.get());
    watch_ = std::make_unique<net::Watch>(loop, socket_.get());
    watch_->forward_to = &event_;
}

net::Task<std::string> Channel::run(Receive receive) {
    while (open()) {
        int taken = 0;
        Taken last = Taken::message;
        while (last == Taken::message && taken < kMessagesPerWake && open()) {
            last = take_one(receive);
            ++taken;
        }
        if (last == Taken::end) {
            break;
        }
        if (last == Taken::message) {
            event_.wake();
        }
        if (open()) {
            flush();
            co_await event_.wait();
        }
    }
    co_return end_;
}

Channel::Taken Channel::take_one(const Receive& receive) {
    // One buffer for the thread, since each of its channels reads to the end before another one does.
    static thread_local std::vector<char> buffer(kMessageMost);
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kDescriptorsMost * sizeof(int))> control;
    iovec area{buffer.data(), buffer.size()};
    msghdr header{};
    header.msg_iov = &area;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            return errno == EINTR ? Taken::message : Taken::nothing;
        }
        give_up(std::string("its control socket failed: ") + std::strerror(errno));
        return Taken::end;
    }
    net::Descriptor descriptor = descriptor_of(header);
    if (got == 0) {
        give_up("it closed its control socket");
        return Taken::end;
    }
    boost::system::error_code error;
    json::value value = json::parse(std::string_view(buffer.data(), static_cast<std::size_t>(got)), error);
    if (error || !value.is_object() || (header.msg_flags & MSG_TRUNC) != 0) {
        give_up("it sent what is no message of the protocol");
        return Taken::end;
    }
    receive(std::move(value.get_object()), std::move(descriptor));
    return Taken::message;
}

void Channel::give_up(std::string why) {
    end_ = std::move(why);
    close();
}

bool Channel::send(Secret message) {
    if (!open() || queue_.size() >= kQueueMost) {
        return false;
    }
    if (!queue_.empty() || !send_now(message)) {
        queue_.push_back(std::move(message));
    }
    return true;
}

/// False when it does not fit now. A socket that is broken takes everything: its reader learns of the end.
bool Channel::send_now(const Secret& message) {
    const std::string_view text = message.reveal();
    const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS && errno != EINTR);
}

void Channel::flush() {
    while (!queue_.empty() && send_now(queue_.front())) {
        queue_.pop_front();
    }
}

void Channel::close() {
    watch_.reset();
    socket_.close();
    queue_.clear();
    event_.wake();
}

int Channel::release() {
    watch_.reset();
    const int fd = socket_.release();
    close();
    return fd;
}

}  // namespace adit::wireguard
