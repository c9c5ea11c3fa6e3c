// Percent-encoding of URLs (RFC 3986 §2.1), read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace adit {

/// Nothing when a '%' is not followed by two hex digits. '+' stays.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace adit
