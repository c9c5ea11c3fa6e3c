// What carries a session between agent and connector.
#pragma once

#include <string_view>

namespace adit::protocol {

enum class Transport { tls, wireguard };

/// "tls", "wireguard": in logs, status and metrics.
constexpr std::string_view name(Transport transport) {
    return transport == Transport::tls ? "tls" : "wireguard";
}

}  // namespace adit::protocol
