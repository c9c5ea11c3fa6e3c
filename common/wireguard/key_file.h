// A key in a file of its own, as `wg genkey > FILE` writes it.
#pragma once

#include <filesystem>

#include "common/base/error.h"
#include "common/base/secret.h"

namespace adit::wireguard {

/// Reads a key; with no such file makes one and writes it there, mode 0600.
Result<Secret> load_or_make_key(const std::filesystem::path& file, bool& made);

}  // namespace adit::wireguard
