// Rules over circuits that share an id.
#pragma once

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// Circuits of one id are one, so they cannot have several minds.
void check_circuits(const yaml::Node& root, const Configuration& configuration, yaml::Diagnostics& diagnostics);

}  // namespace adit::config
