// The patterns by which routes match hosts and paths.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"

namespace adit::config {

/// A host pattern in the form that is matched: lower case, no dot at the end, IPv6 without brackets. "*.example.com"
/// stands for any host with one or more labels before example.com. A port does not belong in it.
Result<std::string> parse_host_pattern(std::string_view text);

/// A path pattern, checked: "/" and segments; "*" is one whole segment, a final "**" any number of them, none included.
/// "{name}" and a final "{name**}" are the same and give what they stand for a name, for templates.
/// Literal segments stand for themselves and are written as normalised paths are: no dot segments, no escaped letters.
Result<std::string> parse_path_pattern(std::string_view text);

/// The pattern without its names: "*" and "**" for "{name}" and "{name**}". Two patterns match the same paths when
/// these are the same.
std::string bare_pattern(std::string_view pattern);

/// The names in a path pattern, in the order of their segments; empty for segments without one.
std::vector<std::string> capture_names(std::string_view pattern);

/// The names in braces of a template: text with "{name}" in it, which is filled in with what a pattern's segment of
/// that name stood for, or, of any request, "{host}" and "{path}". An error says what is wrong with the braces.
Result<std::vector<std::string>> template_names(std::string_view text);

}  // namespace adit::config
