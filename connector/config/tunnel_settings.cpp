// Filling in what agents are told to dial.
#include "connector/config/tunnel_settings.h"

#include <unistd.h>

namespace adit::config {
namespace {

/// 0.0.0.0 and [::] name no machine.
bool is_any_address(std::string_view host) {
    return host == "0.0.0.0" || host == "::";
}

std::vector<HostPort> advertised(const std::vector<HostPort>& given, const HostPort& listen,
                                 std::string_view machine_name) {
    if (!given.empty()) return given;
    return {is_any_address(listen.host) ? HostPort{std::string(machine_name), listen.port} : listen};
}

WireGuardSettings wireguard_settings(const Tunnels& tunnels, std::string_view machine_name) {
    const TunnelWireGuard& given = *tunnels.wireguard;
    const auto folder = tunnels.tls ? tunnels.tls->key.parent_path() : tunnels.directory.parent_path();
    const auto key = given.key.empty() ? folder / "wireguard.key" : given.key;
    return {.key = key,
            .preshared = key.parent_path() / "wireguard.preshared",
            .listen = given.address,
            .advertise = advertised(given.advertise, given.address, machine_name),
            .network = given.network,
            .device = given.device,
            .interface = given.interface,
            .mtu = given.mtu,
            .keepalive = std::chrono::ceil<std::chrono::seconds>(given.keepalive)};
}

}  // namespace

Result<TunnelSettings> tunnel_settings(const Configuration& configuration, std::string_view machine_name) {
    if (!configuration.tunnels)
        return usage_error("the configuration has no 'tunnels' (directory, and tls with address and key)");
    const Tunnels& tunnels = *configuration.tunnels;
    TunnelSettings settings{.directory = tunnels.directory, .tls = {}, .wireguard = {}};
    if (const auto& tls = tunnels.tls)
        settings.tls = {tls->key, tls->next_key, tls->address, advertised(tls->advertise, tls->address, machine_name)};
    if (tunnels.wireguard) settings.wireguard = wireguard_settings(tunnels, machine_name);
    settings.audit = configuration.admin ? configuration.admin->audit : std::filesystem::path();
    return settings;
}

std::string machine_name() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
}

}  // namespace adit::config
