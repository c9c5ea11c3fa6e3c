// The rules about who may call that span several parts of a configuration.
#pragma once

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// Adds the built-in policies that are used, sets Configuration::enforces_access, and checks names and what must be
/// there once only: policies, consumers and their credentials, the subjects of access rules.
void check_trust(const yaml::Node& root, Configuration& configuration, yaml::Diagnostics& diagnostics);

}  // namespace adit::config
