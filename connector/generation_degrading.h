// The caches, fallbacks and switches of a generation.
#pragma once

#include "connector/generation.h"

namespace adit {

/// What `routes`, which belong to `made`, say of them.
policy::Degrading make_degrading(const Generation& made, const policy::Routes& routes, const Generation::Means& means);

/// What outlives generations goes by the settings of this one from now on.
void take_up_degrading(const config::Configuration& configuration, Fabric& fabric);

}  // namespace adit
