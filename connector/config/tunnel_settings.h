// What the tunnel commands and the tunnels' ends need of a configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "connector/config/config.h"

namespace adit::config {

/// The TCP port for sessions at the connector's address inside the WireGuard network. It is one number for all: the
/// network is the connector's own, so nothing else can have it, and tokens name it.
inline constexpr std::uint16_t kInnerPort = 7480;

/// Where agents come in over TLS.
struct TlsSettings {
    std::filesystem::path key;
    std::filesystem::path next_key;  ///< known to tokens already; empty: there is none
    HostPort listen;
    std::vector<HostPort> advertise;  ///< what tokens tell agents to dial; at least one
};

/// The connector's end of the WireGuard network.
struct WireGuardSettings {
    std::filesystem::path key;        ///< the private key
    std::filesystem::path preshared;  ///< the secret from which the keys' preshared keys follow, beside `key`
    HostPort listen;                  ///< UDP
    std::vector<HostPort> advertise;  ///< what tokens tell agents to dial; at least one
    net::Network network;
    wireguard::DeviceKind device = wireguard::DeviceKind::automatic;
    std::string interface;  ///< of a kernel device or an existing one
    unsigned mtu = 0;
    std::chrono::seconds keepalive{};  ///< 0: none
};

struct TunnelSettings {
    std::filesystem::path directory;
    std::optional<TlsSettings> tls;
    std::optional<WireGuardSettings> wireguard;  ///< one of the two is there
    std::filesystem::path audit = {};            ///< where changes are written down; empty: no file
};

/// The settings, or what the configuration lacks. Where `advertise` was left out, it is the
/// address to listen on, or, when that means all addresses, `machine_name` with its port.
Result<TunnelSettings> tunnel_settings(const Configuration& configuration, std::string_view machine_name);

/// This machine's host name; "localhost" when it has none.
std::string machine_name();

}  // namespace adit::config
