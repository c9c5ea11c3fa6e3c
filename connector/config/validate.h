// The rules that span several parts of a configuration.
#pragma once

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// Resolves names (a route's backend), fills in those that were left out, and checks what no single table sees:
/// names and addresses used twice, unknown backends, files that cannot be read. `root` is the document from which
/// `configuration` was read; parts of it that could not be read are empty and passed over.
void validate(const yaml::Node& root, Configuration& configuration, yaml::Diagnostics& diagnostics);

}  // namespace adit::config
