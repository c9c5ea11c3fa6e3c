// Configuration texts without files: what load() does, but for reading anything else than the text.
#pragma once

#include <optional>
#include <string_view>

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace adit::fuzz {

/// The document in a text, with references to two variables substituted. Parts after lines of "%%" are merged into it
/// as included files are. Nothing where it is none, or where it names a file: none shall be touched.
std::optional<yaml::Node> document(std::string_view text, yaml::Diagnostics& diagnostics);

/// Each error has words and stands where an editor finds it.
void demand_places(const yaml::Diagnostics& diagnostics);

}  // namespace adit::fuzz
