// The rules of the admin server: nobody changes anything from elsewhere without saying who he is.
#pragma once

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

void check_admin(const yaml::Node& root, const Configuration& configuration, yaml::Diagnostics& diagnostics);

}  // namespace adit::config
