// `adit-connector issuer ...`: the keys of our issuers, and what clouds must be told to trust them.
#pragma once

#include "connector/cli/options.h"

namespace adit::cli {

/// Hangs the verbs under `app`; as add_operator_commands().
void add_issuer_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen);

}  // namespace adit::cli
