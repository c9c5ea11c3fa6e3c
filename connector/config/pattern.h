// The patterns by which routes match hosts and paths.
#pragma once

#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit::config {

/// A host pattern in the form that is matched: lower case, no dot at the end, IPv6 without brackets. "*.example.com"
/// stands for any host with one or more labels before example.com. A port does not belong in it.
Result<std::string> parse_host_pattern(std::string_view text);

/// A path pattern, checked: "/" and segments; "*" is one whole segment, a final "**" any number of them, none included.
/// Literal segments stand for themselves and are written as normalised paths are: no dot segments, no escaped letters.
Result<std::string> parse_path_pattern(std::string_view text);

}  // namespace adit::config
