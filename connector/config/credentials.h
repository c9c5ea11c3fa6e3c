// Rules over the credentials of backends that look beyond one of them; part of validate().
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "connector/config/config.h"

namespace adit::config {

/// Takes `credential.mtls` up into the backend's tls. Errors: that is there already, files that cannot be read, and
/// ways through tunnels where there are none.
void check_credentials(const yaml::Node& root, Configuration& configuration, yaml::Diagnostics& diagnostics);

/// A file that a configuration names and that is read at start.
void expect_readable(const std::filesystem::path& path, std::string_view what, yaml::Place place,
                     yaml::Diagnostics& diagnostics);

}  // namespace adit::config
