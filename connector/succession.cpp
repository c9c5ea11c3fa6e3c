// Finding each other by a local name; see succession.h.
#include "connector/succession.h"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr auto kRetry = 1s;  ///< when the name is neither free nor answering: another is taking it over

bool of_our_user(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

}  // namespace

Succession::Succession(boost::asio::io_context& context, const std::string& address,
                       std::function<void()> successor_came)
    : name_(std::string(1, '\0') + "adit-connector/" + address),
      successor_came_(std::move(successor_came)),
      predecessor_(context),
      acceptor_(context),
      retry_(context) {}

void Succession::start() {
    if (follow() || hold_name()) {
        return;
    }
    retry_.expires_after(kRetry);
    retry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            start();
        }
    });
}

/// Makes us known to the holder of the name, and waits for its end.
bool Succession::follow() {
    boost::system::error_code error;
    predecessor_ = Protocol::socket(predecessor_.get_executor(), Protocol());
    predecessor_.non_blocking(true, error);
    predecessor_.connect(name_, error);
    if (error || !of_our_user(predecessor_.native_handle())) {
        predecessor_.close(error);
        return false;
    }
    predecessor_.async_wait(Protocol::socket::wait_read, [this](const boost::system::error_code& failed) {
        if (!failed) {
            start();
        }
    });
    return true;
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
            attend(std::move(socket));
            successor_came_();
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
        }
    });
}

}  // namespace adit
