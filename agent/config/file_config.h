// The agent's configuration file: what an operator may write down instead of giving it as flags or environment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/transport.h"
#include "common/base/error.h"
#include "common/config/diagnostics.h"
#include "common/config/schema.h"
#include "common/config/substitute.h"
#include "common/log/log.h"
#include "common/net/address.h"
#include "common/sandbox/mode.h"
#include "common/wireguard/device_kind.h"

namespace adit::agent {

namespace file_bounds {
inline constexpr std::size_t allow = 1024;  ///< patterns
inline constexpr std::size_t labels = 64;
inline constexpr std::uint32_t connections = 64;
inline constexpr std::chrono::milliseconds grace_period = std::chrono::hours(1);
}  // namespace file_bounds

/// What the file says; what it leaves out is unset, so that flags, environment and defaults can fill it in.
struct FileConfig {
    struct Log {
        std::optional<logging::Level> level;
    };

    /// The agent's end of a WireGuard network.
    struct WireGuard {
        std::optional<wireguard::DeviceKind> device;
        std::optional<std::string> interface;  ///< there when the device is an existing one
        std::optional<std::uint32_t> mtu;
    };

    std::vector<std::string> allow;  ///< patterns of targets, as written
    std::optional<std::uint32_t> connections;
    std::map<std::string, std::string> labels;
    std::optional<net::HostPort> metrics;  ///< port 0: any free one
    Log log;
    std::optional<std::chrono::milliseconds> grace_period;
    std::optional<TransportProtocol> transport_protocol;
    WireGuard wireguard;
    std::optional<sandbox::Mode> sandbox;
};

/// Says whether a text is a valid allow pattern, so that a wrong one is reported at its place in the file.
using PatternCheck = std::function<Result<>(std::string_view pattern)>;

/// The shape of the file, for its manual page.
yaml::Schema file_schema();

/// Reads the file with all its includes; relative paths and errors as for the connector's file.
std::expected<FileConfig, yaml::Diagnostics> load_file_config(
    const std::filesystem::path& path, const PatternCheck& check_pattern,
    const yaml::Environment& environment = yaml::process_environment());

}  // namespace adit::agent
