// What a configuration demands of operators.
#pragma once

#include <optional>

#include "common/base/error.h"
#include "common/status/server.h"
#include "connector/config/admin.h"

namespace adit {

/// Reads the files of `admin.tls`. Nobody is asked for anything where there is no `admin`.
Result<status::Guard> guard_of(const std::optional<config::Admin>& admin);

}  // namespace adit
