// `adit-connector tunnel ...`: the verbs that make, show and change tunnels, on the files of tunnels.d/.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "connector/config/tunnel_settings.h"

namespace adit::cli {

/// What was typed for a tunnel verb.
struct TunnelArguments {
    std::string config;
    std::string output = "text";
    std::string name;
    std::string tunnel_id;
    std::string key;
    std::string expires;
    std::string expire_old;
    std::string services_file;
    std::vector<std::string> connect;
    std::vector<std::string> connect_wireguard;
    bool yes = false;
    bool quiet = false;
};

/// Finds the settings that a configuration file gives; the path may be empty (the usual places).
using FindSettings = std::function<Result<config::TunnelSettings>(const std::string& config)>;

/// Hangs the verbs under `app`. The verb that was chosen puts its work into `chosen`, which answers the exit status.
void add_tunnel_commands(CLI::App& app, const FindSettings& find_settings, std::function<int()>& chosen);

}  // namespace adit::cli
