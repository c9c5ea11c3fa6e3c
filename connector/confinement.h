// What the connector goes on to need once it has read its configuration; the rest it gives up (common/sandbox).
#pragma once

#include "common/sandbox/sandbox.h"
#include "connector/generation.h"

namespace adit {

/// Makes what is made once and only read from then on: the keys of the tunnels' doors. Before the sandbox begins, so
/// that their folder, which often is the configuration's own, need not be open for writing.
Result<> make_missing_keys(const config::Configuration& configuration);

/// The folders of all files that `generation` names and of those that are read again and again, such as tokens that
/// somebody else renews; to be written: logs and the keys of issuers. The WireGuard helper's folder, if one is to be
/// started.
sandbox::Wishes confinement(const Generation& generation);

}  // namespace adit
