// What the tunnel commands need of a configuration.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "connector/config/config.h"

namespace adit::config {

struct TunnelSettings {
    std::filesystem::path directory;
    std::filesystem::path key;
    HostPort listen;
    std::vector<HostPort> advertise;  ///< what tokens tell agents to dial; at least one
};

/// The settings, or what the configuration lacks. Where `advertise` was left out, it is the
/// address to listen on, or, when that means all addresses, `machine_name` with its port.
Result<TunnelSettings> tunnel_settings(const Configuration& configuration, std::string_view machine_name);

/// This machine's host name; "localhost" when it has none.
std::string machine_name();

}  // namespace adit::config
