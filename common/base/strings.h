// Small text tools that the standard library lacks.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adit {

/// ASCII case is ignored, as in field names and host names; locale never matters.
bool iequals(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
/// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text);
/// The parts between separators, trimmed, empty ones left out.
std::vector<std::string_view> split_list(std::string_view text, char separator);
/// The candidate that the writer of `text` probably meant: at most a third of its letters differ.
std::optional<std::string> closest_match(std::string_view text, std::span<const std::string> candidates);
/// `text` within double quotes as JSON wants it, with control characters and invalid UTF-8 made harmless.
void append_json_string(std::string& out, std::string_view text);

/// RFC 3629.
bool is_utf8(std::string_view text);

/// For maps that are looked up by string_view without making a string.
struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace adit
