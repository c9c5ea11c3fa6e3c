// Capabilities that a program does not need (capabilities(7)).
#pragma once

#include "common/sandbox/sandbox.h"

namespace adit::sandbox {

/// Gives up all capabilities but those that are wished for and held. Root without them is a user like others: where a
/// wished file could not be reached then, CAP_DAC_READ_SEARCH stays if it is held and reading is all that is wished,
/// else CAP_DAC_OVERRIDE, and the detail says for which file. Programs that are started have none but
/// CAP_NET_BIND_SERVICE, where it is wished for them.
Measure drop_capabilities(const Wishes& wishes);

/// Whether one that passes over the modes of files was kept by that.
bool overrides_modes();

}  // namespace adit::sandbox
