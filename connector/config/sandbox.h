// What the connector gives up when it has started, as configured.
#pragma once

#include <filesystem>
#include <vector>

#include "common/sandbox/mode.h"

namespace adit::config {

struct Sandbox {
    sandbox::Mode mode = sandbox::Mode::automatic;
    std::vector<std::filesystem::path> paths = {};  ///< to be read and written, besides what the configuration names
    friend bool operator==(const Sandbox&, const Sandbox&) = default;
};

}  // namespace adit::config
