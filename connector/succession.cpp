// Finding each other by a local name; see succession.h.
#include "connector/succession.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <utility>

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr auto kGiftPatience = 2s;  ///< an older connector gives at once, if it is of a version that gives
constexpr auto kRetry = 1s;         ///< when the name is neither free nor answering: another is taking it over

bool of_our_user(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

/// One byte, and a descriptor with it unless it is -1, which is closed then (unix(7), SCM_RIGHTS).
void give_descriptor(int socket, int fd) {
    char word = 'i';
    iovec piece{&word, 1};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (fd >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (fd >= 0) {
        ::close(fd);
    }
}

/// Whether a byte was there, and the descriptor that came with it, or -1.
std::pair<bool, int> receive_descriptor(int socket) {
    char word = 0;
    iovec piece{&word, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) {
        return {false, -1};
    }
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    }
    return {true, fd};
}

}  // namespace

Succession::Succession(boost::asio::io_context& context, const std::string& address, Duties duties)
    : name_(std::string(1, '\0') + "adit-connector/" + address),
      duties_(std::move(duties)),
      predecessor_(context),
      acceptor_(context),
      retry_(context),
      patience_(context) {}

void Succession::start() {
    if (follow()) {
        return;
    }
    if (hold_name()) {
        inherit(-1);
        return;
    }
    retry_.expires_after(kRetry);
    retry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            start();
        }
    });
}

void Succession::inherit(int fd) {
    if (std::exchange(has_inherited_, true)) {
        if (fd >= 0) {
            ::close(fd);
        }
        return;
    }
    patience_.cancel();
    duties_.inherited(fd);
}

/// Makes us known to the holder of the name, and waits for its gift and its end.
bool Succession::follow() {
    boost::system::error_code error;
    predecessor_ = Protocol::socket(predecessor_.get_executor(), Protocol());
    predecessor_.non_blocking(true, error);
    predecessor_.connect(name_, error);
    if (error || !of_our_user(predecessor_.native_handle())) {
        predecessor_.close(error);
        return false;
    }
    patience_.expires_after(kGiftPatience);
    patience_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled) {
            inherit(-1);
        }
    });
    await_predecessor();
    return true;
}

void Succession::await_predecessor() {
    predecessor_.async_wait(Protocol::socket::wait_read, [this](const boost::system::error_code& failed) {
        if (failed) {
            return;
        }
        if (hear_predecessor()) {
            await_predecessor();
        } else {
            start();
        }
    });
}

/// False when it has ended.
bool Succession::hear_predecessor() {
    const auto [said, fd] = receive_descriptor(predecessor_.native_handle());
    if (said) {
        inherit(fd);
    }
    return said;
}

bool Succession::hold_name() {
    boost::system::error_code error;
    acceptor_ = Protocol::acceptor(acceptor_.get_executor());
    acceptor_.open(Protocol(), error);
    acceptor_.bind(name_, error);
    if (!error) {
        acceptor_.listen(Protocol::acceptor::max_listen_connections, error);
    }
    if (error) {
        acceptor_.close(error);
        return false;
    }
    accept();
    return true;
}

void Succession::accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, Protocol::socket socket) {
        if (error) {
            return;
        }
        if (of_our_user(socket.native_handle())) {
            give_descriptor(socket.native_handle(), duties_.bequeath());
            attend(std::move(socket));
            duties_.successor_came();
        }
        accept();
    });
}

/// Keeps the connection until the successor leaves, which has only to see when we do.
void Succession::attend(Protocol::socket socket) {
    successors_.push_back(std::move(socket));
    const auto here = std::prev(successors_.end());
    here->async_wait(Protocol::socket::wait_read, [this, here](const boost::system::error_code& error) {
        if (!error) {
            successors_.erase(here);
            duties_.successor_gone();
        }
    });
}

}  // namespace adit
