// What the verbs of adit-connector share: where the configuration is, how results are printed, how errors are told.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "common/base/error.h"

namespace adit::cli {

/// Finds the configuration file that was meant; the text may be empty (the usual places).
using FindFile = std::function<Result<std::filesystem::path>(const std::string& named)>;

/// Tells an error on standard error; the exit status that goes with it: 2 for bad input, 1 for what failed.
int report(const Error& error);

/// --config FILE. `file` outlives the command.
void add_config(CLI::App& command, std::string& file);
/// --output text or json. `form` outlives the command.
void add_output(CLI::App& command, std::string& form);

}  // namespace adit::cli
