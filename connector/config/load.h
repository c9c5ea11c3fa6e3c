// From a file to a configuration that can be run, or to everything that is wrong with it.
#pragma once

#include <expected>
#include <filesystem>

#include "common/config/diagnostics.h"
#include "common/config/substitute.h"
#include "connector/config/config.h"

namespace adit::config {

/// Loads and checks a configuration with all its includes. Reads files (and no network); any thread.
std::expected<Configuration, yaml::Diagnostics> load(
    const std::filesystem::path& path, const yaml::Environment& environment = yaml::process_environment());

}  // namespace adit::config
