// Percent-encoding as AWS and form bodies want it.
#pragma once

#include <string>
#include <string_view>

namespace adit::credential {

/// Every byte but the unreserved ones of RFC 3986 §2.3, in upper case; a slash stays where `keep_slash`.
enum class Slash { encoded, kept };
std::string uri_encode(std::string_view text, Slash slash = Slash::encoded);
/// %XX becomes its byte and '+' a blank; what is no encoding stays as it is.
std::string uri_decode(std::string_view text);

}  // namespace adit::credential
