// YAML text to nodes. The only part of Adit that knows the YAML library.
#pragma once

#include <memory>
#include <optional>

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace adit::yaml {

/// Parses one document. Anchors, aliases and merge keys (`<<`) are resolved, within the bounds of limits.h. Nothing is
/// returned when the text could not be understood to its end; then `diagnostics` says why. A duplicate key is an error
/// too, but parsing goes on with the first value. An empty text gives a node of kind `nothing`.
std::optional<Node> parse(const std::shared_ptr<const Source>& source, Diagnostics& diagnostics);

}  // namespace adit::yaml
