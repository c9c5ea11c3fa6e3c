// `adit-agent diagnose`: goes the way of `run` once, step by step, and tells what was found.
#pragma once

#include "agent/options/options.h"

namespace adit::agent {

/// Prints the findings on standard output; the exit status: 0 no step has failed, 1 one has, 2 bad input.
/// Agents of the same tunnel are not disturbed: its session introduces nobody, so no request is sent down it.
int diagnose(const DiagnoseOptions& options);

}  // namespace adit::agent
