// The path of a request in the one form in which it is matched and forwarded.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace adit::route {

/// Why a path is refused; each is a 400. All of them are ways to make two programs read one path differently.
enum class PathError {
    not_absolute,       ///< does not begin with '/'
    bad_escape,         ///< '%' without two hexadecimal digits
    encoded_separator,  ///< %2F, %5C or a backslash
    forbidden_byte,     ///< %00, a control character, a space, '?' or '#'
    above_root,         ///< ".." with nothing left to leave
    dot_parameter,      ///< "..;x": a dot segment to servers that cut path parameters off
};

/// In words, for the problem document.
std::string_view describe(PathError error);

/// Normalises a path (without its query): escapes of unreserved characters are decoded once, so that "%2e" is a dot;
/// other escapes get upper-case digits (RFC 3986 §6.2.2); then dot segments are resolved (§5.2.4), except that leaving
/// the root is an error. Empty segments stay: "//" is not merged. A path that needs nothing is returned as it is,
/// without copying; else the result is in `scratch`. Either way the view lives as long as both arguments are left
/// alone. Pure.
std::expected<std::string_view, PathError> normalise_path(std::string_view raw, std::string& scratch);

}  // namespace adit::route
