// The part of rtnetlink(7) that an interface of ours needs beside the WireGuard settings: address, MTU, up, removal.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/net/descriptor.h"

namespace adit::wireguard {

/// What an interface is.
struct Link {
    int index = 0;
    std::string kind;   ///< "wireguard", "tun"; empty: none is told
    std::string alias;  ///< a remark of who made it
    bool up = false;
};

/// A netlink socket. The kernel answers within the call that asks, so nothing here waits for the world.
class RouteSocket {
  public:
    static Result<RouteSocket> open();

    /// Nothing when there is no such interface.
    Result<std::optional<Link>> find(const std::string& name);
    /// Marks the interface as ours, sets its MTU and takes it up.
    Result<> bring_up(int index, unsigned mtu, const std::string& alias);
    Result<> add_address(int index, const boost::asio::ip::address& address, unsigned prefix);
    Result<> remove(int index);

  private:
    class Message;

    explicit RouteSocket(net::Descriptor socket) : socket_(std::move(socket)) {}
    /// Sends, and takes the answer: an errno, 0 for an acknowledgement or, when `found` is given, for a link.
    int exchange(Message& message, std::optional<Link>* found);

    net::Descriptor socket_;
    unsigned sequence_ = 0;
};

}  // namespace adit::wireguard
