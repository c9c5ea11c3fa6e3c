// Where a running connector is asked, and what is shown to it.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "common/base/error.h"
#include "common/status/probe.h"
#include "connector/cli/options.h"
#include "connector/config/config.h"

namespace adit::cli {

/// What the command line says of the way to an admin server, where it is not to be that of a configuration.
struct AdminWay {
    std::string address;  ///< HOST:PORT, https://HOST:PORT or unix:PATH; empty: as a configuration says
    std::filesystem::path token_file;
    std::filesystem::path ca;
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// The section of a file. Reads no more of the file than that: a connector can be looked at while its
/// file is being edited. Values that cannot be read here, such as a variable that only the service has, are left out.
Result<config::Admin> admin_section(const std::filesystem::path& file);
/// As `way` says, and as the configuration that `config` names where it does not. What is needed of that and cannot be
/// read is an error that names the place.
Result<status::Target> admin_of(const AdminWay& way, const std::string& config, const FindFile& find_file);
/// The same of a configuration that was read; it has an admin address.
status::Target admin_of(const config::Admin& admin);

/// --admin and what belongs to it. `way` outlives the command.
void add_admin(CLI::App& command, AdminWay& way);
/// What belongs to it, for commands that name the address themselves.
void add_admin_proofs(CLI::App& command, AdminWay& way);

}  // namespace adit::cli
