// The running agent: wires token, sessions, signals and the status server together.
#pragma once

#include "agent/options/options.h"

namespace adit::agent {

/// Runs until told to stop; the exit status.
int run(RunOptions options);

}  // namespace adit::agent
