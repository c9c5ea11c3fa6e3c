// The table of the agent's file.
#include "agent/config/file_config.h"

#include <utility>

#include "common/config/collections.h"
#include "common/config/document.h"
#include "common/config/object.h"

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

Object<FileConfig> table(const PatternCheck& check_pattern) {
    const auto allow_pattern = [check_pattern](std::string_view text) -> Result<std::string> {
        if (auto checked = check_pattern(text); !checked) return std::unexpected(std::move(checked).error());
        return std::string(text);
    };
    return Object<FileConfig>("the configuration", "The agent's configuration.")
        .field("allow", &FileConfig::allow,
               List(Parsed<std::string>("an allow pattern", allow_pattern), file_bounds::allow),
               "What the tunnel may reach: host:port, *.suffix:port, network/bits:port; nothing when left out.")
        .field("connections", &FileConfig::connections, Integer<std::uint32_t>(1, file_bounds::connections),
               "Sessions to keep open.")
        .field("labels", &FileConfig::labels, TextMap(file_bounds::labels),
               "Words that describe this agent to operators.")
        .field("metrics", &FileConfig::metrics, Address<net::HostPort>(ZeroPort::allowed),
               "Where /live, /ready and /metrics are served.")
        .field("log", &FileConfig::log, log(), "What is logged.")
        .field("grace_period", &FileConfig::grace_period, Duration(milliseconds(0), file_bounds::grace_period),
               "How long running streams may take to finish when the agent is told to stop.")
        .later({"transport", "wireguard"});
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
    if (!diagnostics.ok()) return std::unexpected(std::move(diagnostics));
    return config;
}

}  // namespace adit::agent
