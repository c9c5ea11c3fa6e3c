// Putting dialers together; see choose.h.
#include "agent/dial/choose.h"

#include "agent/dial/tls_dialer.h"
#include "common/log/log.h"

namespace adit::agent {

Result<WayChoice> choose_ways(const Ways& held, std::optional<protocol::Transport> only) {
    if (only == protocol::Transport::tls) {
        return held.tls ? Result<WayChoice>({{true, false}, "it was asked for"})
                        : usage_error(
                              "TLS was asked for, but the token names no TLS address of its connector: take "
                              "--transport-protocol wireguard, or a token with one");
    }
    if (only == protocol::Transport::wireguard) {
        return held.wireguard ? Result<WayChoice>({{false, true}, "it was asked for"})
                              : usage_error(
                                    "WireGuard was asked for, but the token has no WireGuard part: its connector "
                                    "had no tunnels.wireguard when the token was made");
    }
    return WayChoice{held, held.tls && held.wireguard ? "TLS is preferred, WireGuard is used when TLS fails"
                           : held.tls                 ? "the token has no WireGuard part"
                                                      : "the token names no TLS address"};
}

Result<Dialing> choose_dialer(net::Loop& loop, net::Resolver& resolver, wireguard::Devices& devices,
                              token::Token& token, net::ProxyEnvironment proxies, const DialWish& wish) {
    const auto chosen = choose_ways({!token.addresses.empty(), token.wireguard.has_value()}, wish.only);
    if (!chosen) {
        return std::unexpected(chosen.error());
    }
    const auto& [ways, why] = *chosen;
    Dialing dialing;
    std::unique_ptr<WireGuardDialer> wireguard;
    if (ways.wireguard) {
        wireguard =
            std::make_unique<WireGuardDialer>(loop, resolver, devices, std::move(*token.wireguard), wish.wireguard);
        dialing.wireguard = wireguard.get();
    }
    std::unique_ptr<Dialer> tls;
    if (ways.tls) {
        auto made = TlsDialer::make(loop, resolver, token, std::move(proxies));
        if (!made) {
            return std::unexpected(std::move(made.error()));
        }
        tls = std::move(*made);
    }
    logging::info("transport",
                  {{"first", protocol::name(ways.tls ? protocol::Transport::tls : protocol::Transport::wireguard)},
                   {"why", why}});
    if (tls && wireguard) {
        auto both = std::make_unique<Transports>(loop, std::move(tls), std::move(wireguard), Transports::Settings());
        dialing.transports = both.get();
        dialing.dialer = std::move(both);
    } else if (tls) {
        dialing.dialer = std::move(tls);
    } else {
        dialing.dialer = std::move(wireguard);
    }
    return dialing;
}

}  // namespace adit::agent
