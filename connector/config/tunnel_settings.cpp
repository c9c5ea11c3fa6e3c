// Filling in what agents are told to dial.
#include "connector/config/tunnel_settings.h"

#include <unistd.h>

namespace adit::config {
namespace {

/// 0.0.0.0 and [::] name no machine.
bool is_any_address(std::string_view host) {
    return host == "0.0.0.0" || host == "::";
}

}  // namespace

Result<TunnelSettings> tunnel_settings(const Configuration& configuration, std::string_view machine_name) {
    if (!configuration.tunnels)
        return usage_error("the configuration has no 'tunnels' (directory, and tls with address and key)");
    const auto& [directory, tls] = *configuration.tunnels;
    TunnelSettings settings{directory, tls.key, tls.address, tls.advertise};
    if (settings.advertise.empty())
        settings.advertise.push_back(
            is_any_address(tls.address.host) ? HostPort{std::string(machine_name), tls.address.port} : tls.address);
    return settings;
}

std::string machine_name() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
    return name;
}

}  // namespace adit::config
