// The verbs about who may call: access explain, consumer new-key.
#pragma once

#include "connector/cli/options.h"

namespace adit::cli {

/// Hangs them under `app`, as add_operator_commands() does. access explain answers 0 when the caller is allowed, 1 when
/// not, 2 for bad input.
void add_trust_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen);

}  // namespace adit::cli
