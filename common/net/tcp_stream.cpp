// TCP sockets over the loop's readiness; see tcp_stream.h.
#include "common/net/tcp_stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace adit::net {
namespace {

Status system_status(int error) {
    return {error, boost::system::system_category()};
}

template <class T>
void set_option(int fd, int level, int name, T value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
}

}  // namespace

TcpStream::TcpStream(Loop& loop, int fd) : Stream(loop), fd_(fd), watch_(loop, fd) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    watch_.writable = true;  // a fresh connection takes bytes; the first refusal says otherwise
}

Status TcpStream::poll_receive() {
    if (read_status_) {
        return read_status_;
    }
    if (!watch_.readable) {
        return Errc::would_block;
    }
    std::array<iovec, 5> areas;
    const std::size_t count = input().prepare(areas.data(), areas.size(), std::min(read_wish_, read_most_));
    std::size_t room = 0;
    for (std::size_t i = 0; i < count; ++i) {
        areas[i].iov_len = std::min(areas[i].iov_len, read_most_ - room);
        room += areas[i].iov_len;
    }
    ssize_t got;
    do {
        got = ::readv(fd_.get(), areas.data(), static_cast<int>(count));
    } while (got < 0 && errno == EINTR);
    const int error = errno;
    input().commit(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (got < 0) {
        if (error == EAGAIN || error == EWOULDBLOCK) {
            watch_.readable = false;
            return Errc::would_block;
        }
        read_failed(error);
        return read_status_;
    }
    if (got == 0) {
        read_status_ = Errc::end_of_stream;
        return read_status_;
    }
    if (static_cast<std::size_t>(got) == room) {
        read_wish_ = std::min(read_wish_ * 2, kReadMost);
    } else {
        read_wish_ = std::max(static_cast<std::size_t>(got), kBlockSize / 4);
        // epoll(7): a short read of a stream socket drained it; after a FIN or reset one more read tells which it was.
        watch_.readable = watch_.hangup;
    }
    return {};
}

void TcpStream::read_failed(int error) {
    read_status_ = error == ECONNRESET ? Status(Errc::reset) : system_status(error);
    status_ = read_status_;
    watch_.on_writable.wake();
}

std::size_t TcpStream::write_some(Chain& from, std::size_t limit) {
    std::size_t taken = 0;
    while (!status_ && watch_.writable && taken < limit) {
        std::array<iovec, 16> areas;
        const std::size_t count = from.areas(areas.data(), areas.size(), limit - taken);
        std::size_t offered = 0;
        for (std::size_t i = 0; i < count; ++i) {
            offered += areas[i].iov_len;
        }
        if (offered == 0) {
            break;
        }
        msghdr message{};
        message.msg_iov = areas.data();
        message.msg_iovlen = count;
        const ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            watch_.writable = false;
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                status_ = errno == ECONNRESET || errno == EPIPE ? Status(Errc::reset) : system_status(errno);
            }
            break;
        }
        from.consume(static_cast<std::size_t>(sent));
        taken += static_cast<std::size_t>(sent);
        if (static_cast<std::size_t>(sent) < offered) {
            watch_.writable = false;
        }
    }
    return taken;
}

/// tcp(7): what the far end's kernel has not acknowledged.
std::size_t TcpStream::waiting() const {
    int bytes = 0;
    return ::ioctl(fd_.get(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

void TcpStream::end() {
    ::shutdown(fd_.get(), SHUT_WR);
}

void TcpStream::abort(Status why) {
    if (!status_) {
        status_ = why;
    }
    read_status_ = why;
    watch_.on_readable.wake();
    watch_.on_writable.wake();
}

Address TcpStream::local() const {
    return Address::of_local(fd_.get());
}

Address TcpStream::peer() const {
    return Address::of_peer(fd_.get());
}

void TcpStream::reset_on_close() {
    set_option(fd_.get(), SOL_SOCKET, SO_LINGER, linger{1, 0});
}

void TcpStream::detect_dead_peer(std::chrono::milliseconds within) {
    const int seconds = std::max(1, static_cast<int>(within.count() / 3000));
    set_option(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd_.get(), IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    set_option(fd_.get(), IPPROTO_TCP, TCP_KEEPINTVL, seconds);
    set_option(fd_.get(), IPPROTO_TCP, TCP_KEEPCNT, 2);
    set_option(fd_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned>(within.count()));
}

}  // namespace adit::net
