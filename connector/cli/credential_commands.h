// `adit-connector credential test BACKEND`: fetches a backend's credentials here and now, and says what came of it.
#pragma once

#include "connector/cli/options.h"

namespace adit::cli {

/// Hangs the verbs under `app`; as add_operator_commands().
void add_credential_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen);

}  // namespace adit::cli
