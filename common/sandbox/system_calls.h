// System calls that a program goes on to make (seccomp(2)).
#pragma once

#include "common/sandbox/sandbox.h"

namespace adit::sandbox {

/// Answers all calls but those that the programs and their libraries make with ENOSYS, as a kernel without them would:
/// libraries then find another way, while EPERM makes them give up. On all threads.
Measure filter_system_calls(const Wishes& wishes);

}  // namespace adit::sandbox
