// Options about the way to the connector: TLS or WireGuard, and the agent's end of the latter.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "agent/config/file_config.h"
#include "agent/config/transport.h"
#include "common/base/error.h"
#include "common/wireguard/device_kind.h"
#include "common/wireguard/interface.h"

namespace adit::agent {

struct TransportOptions {
    TransportProtocol protocol = TransportProtocol::automatic;
    wireguard::DeviceKind device = wireguard::DeviceKind::automatic;
    std::string interface{wireguard::kInterface};  ///< of a kernel device or an existing one
    std::optional<unsigned> mtu;                   ///< none: the token's
};

/// What was typed of it.
struct TypedTransport {
    std::string protocol;
    std::string device;
    std::string interface;
    std::string mtu;
};

void add_transport_flags(CLI::App& command, TypedTransport& typed);

/// Flag, then environment, then file, then default. The error names where the bad value came from.
Result<TransportOptions> merge_transport(const TypedTransport& typed, const FileConfig& file);

}  // namespace adit::agent
