// The verbs by which an operator looks at the cache of a running connector and empties it, and has it do with less.
#pragma once

#include "connector/cli/options.h"

namespace adit::cli {

/// Hangs them under `app`. The verb that was chosen puts its work into `chosen`, which answers the exit status: 0, 1
/// when the connector says no or does not answer, 2 for bad input.
void add_degrading_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen);

}  // namespace adit::cli
