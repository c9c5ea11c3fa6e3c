// Capabilities that a program does not need (capabilities(7)).
#pragma once

#include "common/sandbox/sandbox.h"

namespace adit::sandbox {

/// Gives up all capabilities but those that are wished for and held. Root without them is a user like others: where a
/// wished file could not be reached then, CAP_DAC_OVERRIDE stays, and the detail says for which file.
Measure drop_capabilities(const Wishes& wishes);

}  // namespace adit::sandbox
