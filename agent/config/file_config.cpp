// The table of the agent's file.
#include "agent/config/file_config.h"

#include <utility>

#include "common/config/collections.h"
#include "common/config/document.h"
#include "common/config/object.h"
#include "common/wireguard/interface.h"
#include "common/wireguard/mtu.h"

namespace adit::agent {
namespace {

using namespace yaml;
using std::chrono::milliseconds;

Object<FileConfig::Log> log() {
    return Object<FileConfig::Log>("log", "What is logged.")
        .field("level", &FileConfig::Log::level,
               Choice<logging::Level>({{"trace", logging::Level::trace},
                                       {"debug", logging::Level::debug},
                                       {"info", logging::Level::info},
                                       {"warn", logging::Level::warn},
                                       {"error", logging::Level::error}}),
               "The least important messages that are logged.");
}

Object<FileConfig::WireGuard> wireguard_part() {
    return Object<FileConfig::WireGuard>("wireguard", "The agent's end of the WireGuard network.")
        .field("device", &FileConfig::WireGuard::device, choice_of<wireguard::DeviceKind>(wireguard::kDeviceKindWords),
               "What carries the network: the kernel where it can and else user space (auto), one of them, or an "
               "interface that someone else made and configured (existing).")
        .field("interface", &FileConfig::WireGuard::interface,
               Parsed<std::string>("the name of a network interface", wireguard::parse_interface),
               "The interface's name, of a kernel device or an existing one; adit0 for one that is made.")
        .field("mtu", &FileConfig::WireGuard::mtu, Integer<std::uint32_t>(wireguard::kMinMtu, wireguard::kMaxMtu),
               "The largest packet inside the network; the token's when left out.");
}

Object<FileConfig> table(const PatternCheck& check_pattern) {
    const auto allow_pattern = [check_pattern](std::string_view text) -> Result<std::string> {
        if (auto checked = check_pattern(text); !checked) return std::unexpected(std::move(checked).error());
        return std::string(text);
    };
    return Object<FileConfig>("the configuration", "The agent's configuration.")
        .field(
            "allow", &FileConfig::allow,
            List(Parsed<std::string>("an allow pattern", allow_pattern), file_bounds::allow),
            "What the tunnel may reach: host:port, *.suffix:port, network/bits:port; nothing when left out. What only "
            "*.suffix allows is resolved without search domains.")
        .field("connections", &FileConfig::connections, Integer<std::uint32_t>(1, file_bounds::connections),
               "Sessions to keep open.")
        .field("labels", &FileConfig::labels, TextMap(file_bounds::labels),
               "Words that describe this agent to operators.")
        .field("metrics", &FileConfig::metrics, Address<net::HostPort>(ZeroPort::allowed),
               "Where /live, /ready and /metrics are served.")
        .field("log", &FileConfig::log, log(), "What is logged.")
        .field("grace_period", &FileConfig::grace_period, Duration(milliseconds(0), file_bounds::grace_period),
               "How long running streams may take to finish when the agent is told to stop.")
        .field("transport_protocol", &FileConfig::transport_protocol, choice_of<TransportProtocol>(kTransportWords),
               "The way to the connector; auto prefers TLS and takes WireGuard where that does not connect.")
        .field("wireguard", &FileConfig::wireguard, wireguard_part(), "The agent's end of the WireGuard network.")
        .field("sandbox", &FileConfig::sandbox, choice_of<sandbox::Mode>(sandbox::kModeWords),
               "What the agent gives up when it has started (system calls, files, capabilities): all that the kernel "
               "offers (auto), all or no start (required), or nothing (off).");
}

}  // namespace

Schema file_schema() {
    return table([](std::string_view) { return Result<>(); }).schema();
}

std::expected<FileConfig, Diagnostics> load_file_config(const std::filesystem::path& path,
                                                        const PatternCheck& check_pattern,
                                                        const Environment& environment) {
    Diagnostics diagnostics;
    const auto root = load_document(path, environment, diagnostics);
    FileConfig config;
    if (root) table(check_pattern).read(*root, config, diagnostics);
    if (!diagnostics.ok()) {
        diagnostics.quote(words_of(file_schema()));
        return std::unexpected(std::move(diagnostics));
    }
    return config;
}

}  // namespace adit::agent
