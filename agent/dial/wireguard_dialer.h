// WireGuard with a connector: a device for each of its addresses, a seat in its network, TCP inside.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/dial/dialer.h"
#include "common/net/resolver.h"
#include "common/net/waiter.h"
#include "common/token/wireguard.h"
#include "common/wireguard/devices.h"

namespace adit::agent {

/// Agents with the same token share its row of identities: one comes by the lobby, is told there which seat is free,
/// and keeps it for its life. An interface that somebody else made has its seat already.
class WireGuardDialer final : public Dialer {
  public:
    struct Settings {
        wireguard::DeviceKind kind = wireguard::DeviceKind::automatic;
        std::string interface;  ///< for kernel and existing devices
        unsigned mtu = 0;       ///< 0: what the token says
        std::chrono::seconds keepalive{25};
    };
    /// What is known of one connector address.
    struct Standing {
        std::string endpoint;
        unsigned seat = 0;
        std::string device;
        std::vector<wireguard::PeerStatus> peers;
    };

    /// `token` is taken over; the rest is borrowed and outlives the dialer.
    WireGuardDialer(net::Loop& loop, net::Resolver& resolver, wireguard::Devices& devices, token::WireGuard token,
                    Settings settings);
    ~WireGuardDialer() override;

    net::Task<std::expected<std::vector<Target>, problem::Failure>> targets() override;
    net::Task<std::expected<Channel, problem::Failure>> dial(std::vector<Target> targets,
                                                             std::chrono::milliseconds timeout) override;
    void displaced(const Target& target) override;
    /// What the devices say of their connectors now.
    net::Task<std::vector<Standing>> standings();

  private:
    struct Link;
    using Done = std::expected<void, problem::Failure>;

    Link& link_to(const net::Address& endpoint);
    net::Task<Done> prepare(Link& link, net::Time deadline);
    unsigned seat_of_interface() const;
    net::Task<Done> open_device(Link& link, unsigned seat);
    net::Task<Done> take_seat(Link& link, net::Time deadline);
    net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> dial_inside(Link& link,
                                                                                         net::Time deadline);
    net::Task<std::expected<std::unique_ptr<net::Stream>, problem::Failure>> connect(Link& link, net::Time deadline);

    net::Loop& loop_;
    net::Resolver& resolver_;
    wireguard::Devices& devices_;
    token::WireGuard token_;
    Settings settings_;
    std::map<std::string, std::unique_ptr<Link>> links_;  ///< by endpoint
    bool second_family_ = false;                          ///< the first one's addresses did not answer
};

}  // namespace adit::agent
