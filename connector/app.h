// The running connector: the only place that knows all of its parts.
#pragma once

#include <filesystem>

#include "connector/config/config.h"

namespace adit {

/// Runs a checked configuration until told to stop; the exit status.
int run_connector(config::Configuration configuration);

}  // namespace adit
