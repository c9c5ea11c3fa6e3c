// A document as it counts: all files merged, defaults filled in, what came from outside masked.
#pragma once

#include <string>
#include <string_view>

#include "common/config/node.h"
#include "common/config/schema.h"

namespace adit::yaml {

/// YAML text of a document that was loaded (document.h) and read by a table with this description. Values that were
/// filled in from the environment or a file show as they are written, and others that may be secrets as "masked", so
/// that none is printed; defaults carry a comment.
std::string effective(const Node& root, const Schema& schema);

/// Whether a field or parameter of that name tells who somebody is, so that its value is shown nowhere.
bool names_credential(std::string_view name);

}  // namespace adit::yaml
