// The way to one address of a connector over WireGuard: device, UDP, handshake, session, packet size, clock.
#pragma once

#include <vector>

#include "agent/diagnose/finding.h"
#include "agent/options/transport_options.h"
#include "common/net/resolver.h"
#include "common/token/token.h"
#include "common/wireguard/devices.h"

namespace adit::agent {

/// What every walk uses. Borrowed: it outlives the walks. On the loop's thread.
struct WireGuardGround {
    net::Loop& loop;
    net::Resolver& resolver;
    wireguard::Devices& devices;
    const token::Token& token;  ///< with a WireGuard part
    const TransportOptions& options;
};

/// The findings for one of the token's endpoints, by address; the first ones are about the name itself. Walks are for
/// one after the other: two at once would take the lobby from each other. A running agent's interface is not touched:
/// in place of the kernel's device one in user space is used, over which the same is to be seen.
net::Task<std::vector<Findings>> walk_wireguard(const WireGuardGround& ground, net::HostPort name);

}  // namespace adit::agent
