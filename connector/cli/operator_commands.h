// The verbs by which an operator looks at a configuration and at a running connector: schema, config show, explain,
// status, reload.
#pragma once

#include "connector/cli/options.h"

namespace adit::cli {

/// Hangs the verbs under `app`. The verb that was chosen puts its work into `chosen`, which answers the exit status: 0,
/// 1 when the connector or the configuration says no, 2 for bad input.
void add_operator_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen);

}  // namespace adit::cli
