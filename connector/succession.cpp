// Finding each other by a local name; see succession.h.
#include "connector/succession.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "common/net/descriptor_message.h"

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kWord = "i";  ///< of an older connector; with it comes what it bequeaths
constexpr auto kGiftPatience = 2s;       ///< an older connector gives at once, if it is of a version that gives
constexpr auto kRetry = 1s;              ///< when the name is neither free nor answering: another is taking it over

bool of_our_user(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
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
        inherit({});
        return;
    }
    retry_.expires_after(kRetry);
    retry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            start();
        }
    });
}

void Succession::inherit(net::Descriptor gift) {
    if (!std::exchange(has_inherited_, true)) {
        patience_.cancel();
        duties_.inherited(std::move(gift));
    }
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
            inherit({});
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
    std::array<char, kWord.size()> word{};
    net::Received heard = net::receive_with_descriptor(predecessor_.native_handle(), word);
    const bool said = heard.size > 0;
    if (said) {
        inherit(std::move(heard.descriptor));
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
            net::send_with_descriptor(socket.native_handle(), kWord, duties_.bequeath());
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
