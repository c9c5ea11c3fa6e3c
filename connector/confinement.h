// What the connector goes on to need once it has read its configuration; the rest it gives up (common/sandbox).
#pragma once

#include "common/sandbox/sandbox.h"
#include "connector/generation.h"

namespace adit {

/// The folders of all files that `generation` names and of those that are read again and again, such as tokens that
/// somebody else renews; to be written: logs, the keys of issuers and of the tunnels' doors. The WireGuard helper's
/// folder, if one is to be started.
sandbox::Wishes confinement(const Generation& generation);

}  // namespace adit
