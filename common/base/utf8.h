// Text of strangers as UTF-8 (RFC 3629), for those who refuse anything else.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace adit {

/// Length of the character at the front; 0 when there is none. `text` is not empty.
std::size_t utf8_length(std::string_view text);

/// The first `most` bytes of `text`, cut between characters; each byte that belongs to none becomes U+FFFD.
std::string as_utf8(std::string_view text, std::size_t most = std::string_view::npos);

}  // namespace adit
