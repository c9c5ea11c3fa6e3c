// Sockets bound to an interface; see interface_connections.h.
#include "common/wireguard/interface_connections.h"

#include "common/net/connect.h"
#include "common/net/descriptor.h"
#include "common/net/spawn.h"

namespace adit::wireguard {
namespace {

using Dialled = std::expected<std::unique_ptr<net::Stream>, problem::Failure>;

net::Task<> serve(std::shared_ptr<net::Listener> listener) {
    co_await listener->run();
}

net::Task<Dialled> dial_from(net::Loop& loop, net::Origin origin, net::Address to, net::Time deadline) {
    std::vector<net::Address> addresses{to};
    auto connected =
        co_await net::connect(loop, std::move(addresses), deadline, to.text() + " over WireGuard", std::move(origin));
    if (!connected) {
        co_return std::unexpected(std::move(connected).error());
    }
    co_return std::move(*connected);
}

}  // namespace

Result<std::unique_ptr<InterfaceConnections>> InterfaceConnections::open(net::Loop& loop, const std::string& interface,
                                                                         const boost::asio::ip::address& address,
                                                                         std::uint16_t accept_port,
                                                                         Device::Accepted accepted) {
    std::unique_ptr<InterfaceConnections> made(new InterfaceConnections(loop, net::Origin{address, interface}));
    if (accept_port == 0) {
        return made;
    }
    auto socket = net::ListenSocket::bind({address.to_string(), accept_port}, interface);
    if (!socket) {
        return std::unexpected(std::move(socket).error());
    }
    if (auto listening = socket->listen(); !listening) {
        return std::unexpected(std::move(listening).error());
    }
    made->accepted_ = std::make_shared<Device::Accepted>(std::move(accepted));
    made->listener_ = std::make_shared<net::Listener>(loop, std::move(*socket),
                                                      [taken = made->accepted_](int fd, const net::Address& from) {
                                                          net::Descriptor descriptor(fd);
                                                          if (*taken) {
                                                              (*taken)(descriptor.release(), from);
                                                          }
                                                      });
    net::spawn(loop.context(), "connections of a WireGuard interface", serve(made->listener_));
    return made;
}

InterfaceConnections::~InterfaceConnections() {
    if (listener_ != nullptr) {
        *accepted_ = nullptr;
        listener_->stop();
    }
}

net::Task<Dialled> InterfaceConnections::dial(net::Address to, net::Time deadline) {
    return dial_from(loop_, origin_, std::move(to), deadline);
}

}  // namespace adit::wireguard
