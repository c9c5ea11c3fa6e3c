// Names that stand for backends and routes, looked up; part of validate().
#pragma once

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// Sets the indices of all backends and inner routes. Errors: names that nothing has, routes that lead back to
/// themselves by internal://, and mirrors that would. Wants routes whose names are theirs (not those of matches).
void resolve_targets(const yaml::Node& root, Configuration& configuration, yaml::Diagnostics& diagnostics);

}  // namespace adit::config
