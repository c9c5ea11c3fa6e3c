// Rules over rate limits and bulkheads that need more than one object.
#pragma once

#include <string>
#include <vector>

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// Reports what no request could ever pass.
void check_limits(const yaml::Node& root, const Configuration& configuration, yaml::Diagnostics& diagnostics);
/// What counts in another way than it reads.
std::vector<std::string> limit_notices(const Configuration& configuration);

}  // namespace adit::config
