// Passing datagrams on; see relay.h.
#include "agent/diagnose/relay.h"

#include <netinet/in.h>

#include <boost/asio/buffer.hpp>

namespace adit::agent {
namespace {

namespace error = boost::asio::error;
using boost::asio::ip::udp;

// WireGuard's types of messages: the first byte of each.
constexpr std::uint8_t kResponse = 2;
constexpr std::uint8_t kCookie = 3;
constexpr std::uint8_t kData = 4;

/// Whether the kernel may cut datagrams up, or sets "don't fragment" and tells us what is too large.
void let_fragment(int fd, bool v6, bool may) {
    const int mode = may ? IP_PMTUDISC_WANT : IP_PMTUDISC_DO;  // IPV6_PMTUDISC_* have the same values
    ::setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &mode, sizeof mode);
}

}  // namespace

Result<std::shared_ptr<Relay>> Relay::open(net::Loop& loop, const net::Address& endpoint) {
    std::shared_ptr<Relay> relay(new Relay(loop));
    if (auto connected = relay->connect(endpoint); !connected) {
        return std::unexpected(std::move(connected).error());
    }
    relay->listen(relay->inner_);
    relay->listen(relay->outer_);
    return relay;
}

Result<> Relay::connect(const net::Address& endpoint) {
    const bool v6 = endpoint.ip.is_v6();
    try {
        inner_.open(udp::v4());
        inner_.bind({boost::asio::ip::address_v4::loopback(), 0});
        inner_.non_blocking(true);
        outer_.open(v6 ? udp::v6() : udp::v4());
        outer_.connect({endpoint.ip, endpoint.port});
        outer_.non_blocking(true);
    } catch (const boost::system::system_error& thrown) {
        return failure("no datagram can be sent to " + endpoint.text() + ": " + thrown.code().message());
    }
    let_fragment(outer_.native_handle(), v6, false);
    inner_address_ = {inner_.local_endpoint().address(), inner_.local_endpoint().port()};
    return {};
}

void Relay::listen(Socket& socket) {
    socket.async_wait(Socket::wait_read, [weak = weak_from_this(), &socket](const boost::system::error_code& failed) {
        const auto self = weak.lock();
        if (!self || failed) {
            return;
        }
        &socket == &self->inner_ ? self->pass_out() : self->pass_in();
        self->listen(socket);
    });
}

void Relay::pass_out() {
    boost::system::error_code failed;
    for (;;) {
        const std::size_t size = inner_.receive_from(boost::asio::buffer(buffer_), device_, 0, failed);
        if (failed) {
            return;
        }
        send(size);
    }
}

void Relay::send(std::size_t size) {
    const auto datagram = boost::asio::buffer(buffer_.data(), size);
    boost::system::error_code failed;
    if (!seen_.first_sent) {
        seen_.first_sent = net::Clock::now();
    }
    outer_.send(datagram, 0, failed);
    if (failed == error::connection_refused) {
        seen_.refused = true;  // of an earlier one: this one has not left yet
        outer_.send(datagram, 0, failed);
    }
    if (failed == error::message_size) {
        note_too_large();
        outer_.send(datagram, 0, failed);
    }
    if (failed && failed != error::connection_refused) {
        seen_.problem = failed.message();
    } else {
        ++seen_.sent;
    }
}

void Relay::note_too_large() {
    const bool v6 = outer_.remote_endpoint().address().is_v6();
    int path = 0;
    socklen_t length = sizeof path;
    const int asked =
        ::getsockopt(outer_.native_handle(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &path, &length);
    if (asked == 0 && path > 0) {
        seen_.path = static_cast<unsigned>(path);
    }
    let_fragment(outer_.native_handle(), v6, true);
}

void Relay::pass_in() {
    for (;;) {
        boost::system::error_code failed;
        const std::size_t size = outer_.receive(boost::asio::buffer(buffer_), 0, failed);
        if (failed == error::connection_refused) {
            seen_.refused = true;
            continue;
        }
        if (failed) {
            return;
        }
        ++seen_.received;
        const std::uint8_t type = size > 0 ? buffer_[0] : 0;
        seen_.answers += type == kResponse ? 1 : 0;
        seen_.cookies += type == kCookie ? 1 : 0;
        seen_.data += type == kData ? 1 : 0;
        if (type == kResponse && !seen_.answered_at) {
            seen_.answered_at = net::Clock::now();
        }
        inner_.send_to(boost::asio::buffer(buffer_.data(), size), device_, 0, failed);
    }
}

}  // namespace adit::agent
