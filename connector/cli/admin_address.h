// Where a running connector is asked.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "common/base/error.h"
#include "common/net/address.h"
#include "connector/cli/options.h"

namespace adit::cli {

/// Where the connector of this file is asked. Reads no more of the file than that: a connector can be looked at while
/// its file is being edited.
Result<net::HostPort> admin_of(const std::filesystem::path& file);
/// As `given` says, or the configuration that `config` names.
Result<net::HostPort> admin_of(const std::string& given, const std::string& config, const FindFile& find_file);
/// --admin ADDRESS. `address` outlives the command.
void add_admin(CLI::App& command, std::string& address);

}  // namespace adit::cli
