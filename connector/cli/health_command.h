// The verb healthcheck.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "connector/cli/options.h"

namespace adit::cli {

/// `chosen` becomes the work to do when it is found on the command line.
void add_health_command(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen);

}  // namespace adit::cli
