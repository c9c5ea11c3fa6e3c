// TCP of the operating system over one interface and no other: how devices that the kernel has open and accept.
#pragma once

#include <memory>
#include <string>

#include "common/net/connect.h"
#include "common/net/listener.h"
#include "common/wireguard/device.h"

namespace adit::wireguard {

/// A tunnel address is an identity only because the interface checks it. So every socket is bound to the interface
/// (SO_BINDTODEVICE, which needs no privilege since Linux 5.7): nobody reaches our port from elsewhere with a borrowed
/// address, and nothing of ours leaves unprotected when the interface is gone. Where the kernel refuses that, so do we.
class InterfaceConnections {
  public:
    /// With `accept_port` 0 nothing is accepted.
    static Result<std::unique_ptr<InterfaceConnections>> open(net::Loop& loop, const std::string& interface,
                                                              const boost::asio::ip::address& address,
                                                              std::uint16_t accept_port, Device::Accepted accepted);
    InterfaceConnections(const InterfaceConnections&) = delete;
    InterfaceConnections& operator=(const InterfaceConnections&) = delete;
    ~InterfaceConnections();

    /// It may outlive this.
    net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> dial(net::Address to, net::Time deadline);

  private:
    InterfaceConnections(net::Loop& loop, net::Origin origin) : loop_(loop), origin_(std::move(origin)) {}

    net::Loop& loop_;
    net::Origin origin_;
    std::shared_ptr<Device::Accepted> accepted_;  ///< shared with the listener, whose coroutine ends a turn after us
    std::shared_ptr<net::Listener> listener_;
};

}  // namespace adit::wireguard
