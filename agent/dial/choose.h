// Which dialer a token and the operator's wish come to.
#pragma once

#include <memory>
#include <optional>

#include "agent/dial/dialer.h"
#include "agent/dial/transports.h"
#include "agent/dial/wireguard_dialer.h"
#include "common/net/proxy_environment.h"
#include "common/net/resolver.h"
#include "common/token/token.h"
#include "common/wireguard/devices.h"

namespace adit::agent {

/// What the operator has said about the way to the connector.
struct DialWish {
    std::optional<protocol::Transport> only;  ///< none: TLS, and WireGuard when TLS does not reach the connector
    WireGuardDialer::Settings wireguard;
};

/// Ways to a connector.
struct Ways {
    bool tls = false;
    bool wireguard = false;
};
struct WayChoice {
    Ways ways;
    const char* why;  ///< in words
};
/// What is dialled of that which a token holds. Pure; a usage error as choose_dialer() gives it.
Result<WayChoice> choose_ways(const Ways& held, std::optional<protocol::Transport> only);

/// A dialer, and the parts of it that have more to say.
struct Dialing {
    std::unique_ptr<Dialer> dialer;
    Transports* transports = nullptr;      ///< when there are two ways
    WireGuardDialer* wireguard = nullptr;  ///< when WireGuard is one of them
};

/// A usage error when the token does not hold what was asked for. Logs what was chosen and why. The token's WireGuard
/// part is taken out of it.
Result<Dialing> choose_dialer(net::Loop& loop, net::Resolver& resolver, wireguard::Devices& devices,
                              token::Token& token, net::ProxyEnvironment proxies, const DialWish& wish);

}  // namespace adit::agent
