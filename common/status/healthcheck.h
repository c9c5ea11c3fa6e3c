// The verb by which a container without a shell, and without curl, is asked for its health.
#pragma once

#include <string_view>

#include "common/status/probe.h"

namespace adit::status {

/// Asks `/ready` of the running program there. Its words go to standard output, or to standard error with why it is not
/// ready. The exit status: 0 ready, 1 not. Blocks for at most two seconds.
int healthcheck(std::string_view program, const Target& target);

}  // namespace adit::status
