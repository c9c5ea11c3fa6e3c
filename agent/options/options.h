// The agent's command line: flags over environment over file, and where the token comes from.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/allow/allow_list.h"
#include "agent/options/token_source.h"
#include "agent/options/transport_options.h"
#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/log/log.h"
#include "common/net/address.h"
#include "common/sandbox/mode.h"

namespace adit::agent {

/// `adit-agent run` with everything settled but the allow list's patterns, which a reload reads anew.
struct RunOptions {
    Secret token;
    std::optional<std::filesystem::path> config;
    std::vector<std::string> allow;  ///< from flags and environment; those of the file come on top
    unsigned connections = 4;
    std::map<std::string, std::string> labels;
    net::HostPort metrics{"127.0.0.1", 20241};
    bool metrics_given = false;  ///< else other ports are tried when this one is taken
    logging::Level log_level = logging::Level::info;
    std::chrono::milliseconds grace_period{30'000};
    TransportOptions transport;
    sandbox::Mode sandbox = sandbox::Mode::automatic;
};

/// `adit-agent diagnose`: what `run` would do, looked at. A token that is missing or bad is for the diagnosis to tell.
struct DiagnoseOptions {
    RunOptions run;  ///< without the token
    std::optional<TokenPlace> token;
    bool json = false;
};

struct InspectOptions {
    std::optional<std::filesystem::path> token_file;
    bool json = false;
};

/// `adit-agent token wireguard-conf`: the token's place as for `token inspect`.
struct WireGuardConfOptions {
    std::optional<std::filesystem::path> token_file;
    unsigned seat = 1;
};

struct HealthOptions {
    net::HostPort metrics;
};

struct VersionOptions {};

/// The command line was not understood, or help was asked for: print and leave.
struct Leave {
    int status;
    std::string out;
    std::string err;
};

using Options = std::variant<RunOptions, DiagnoseOptions, InspectOptions, WireGuardConfOptions, HealthOptions,
                             VersionOptions, Leave>;

/// Reads the arguments and the environment of the process. A token in the arguments is refused: every user of the
/// machine could read it there.
Options parse_options(int argc, const char* const* argv);

/// The patterns of the file, checked; used at the start and at each reload.
Result<std::vector<std::string>> file_patterns(const std::filesystem::path& config);

/// The patterns of flags, environment and file together, as they are now.
Result<std::shared_ptr<const AllowList>> read_allow_list(const RunOptions& options);

}  // namespace adit::agent
