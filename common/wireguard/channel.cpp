// Messages over a socket pair; see channel.h.
#include "common/wireguard/channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/net/descriptor_message.h"
#include "common/wireguard/messages.h"

namespace adit::wireguard {
namespace json = boost::json;
namespace {

void make_non_blocking(int fd) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
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
    net::Received got = net::receive_with_descriptor(socket_.get(), buffer);
    if (got.size < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            return errno == EINTR ? Taken::message : Taken::nothing;
        }
        give_up(std::string("its control socket failed: ") + std::strerror(errno));
        return Taken::end;
    }
    if (got.size == 0) {
        give_up("it closed its control socket");
        return Taken::end;
    }
    boost::system::error_code error;
    json::value value = json::parse(std::string_view(buffer.data(), static_cast<std::size_t>(got.size)), error);
    if (error || !value.is_object() || got.cut) {
        give_up("it sent what is no message of the protocol");
        return Taken::end;
    }
    if (got.descriptor) {
        make_non_blocking(got.descriptor.get());
    }
    receive(std::move(value.get_object()), std::move(got.descriptor));
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

net::Descriptor Channel::release() {
    watch_.reset();
    net::Descriptor socket = std::move(socket_);
    close();
    return socket;
}

}  // namespace adit::wireguard
