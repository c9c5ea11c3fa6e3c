// A whole configuration: the named file, what it includes, references substituted, as one document.
#pragma once

#include <filesystem>
#include <optional>

#include "common/config/diagnostics.h"
#include "common/config/node.h"
#include "common/config/substitute.h"

namespace adit::yaml {

/// Reads `path` and the files that its top-level `include` lists (relative to the naming file, and they may include
/// others), and merges them: maps by key, lists one after the other with the including file's first. The same scalar in
/// two files is an error, and so are a file that is included twice or by itself, and an empty file. The result is a map
/// without `include`. Nothing is returned when a file could not be read or parsed; errors that leave the rest readable
/// (a duplicate key, a missing variable) are only added to `diagnostics`, so that the caller can find more.
std::optional<Node> load_document(const std::filesystem::path& path, const Environment& environment,
                                  Diagnostics& diagnostics);

}  // namespace adit::yaml
