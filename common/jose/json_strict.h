// JSON as security wants it: one meaning per text (RFC 8725 §2.4 and §3.10; RFC 8259 §4 leaves duplicates open).
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

namespace adit::jose {

/// How deep objects and arrays of headers, claims and key sets may nest.
inline constexpr std::size_t kDepthMost = 16;

/// The object that `text` is, with nothing behind it; nothing when it is no object, nests too deeply, is not UTF-8, or
/// has an object in which two members have one name (escapes resolved): parsers disagree on which of them counts.
std::optional<boost::json::object> parse_strict(std::string_view text);

}  // namespace adit::jose
