// Cookies of a request.
#pragma once

#include <optional>
#include <string_view>

#include "connector/http/message.h"

namespace adit::route {

/// The value of the first cookie of that name (RFC 6265 §5.4). HTTP/2 may bring cookies in several fields (RFC 9113
/// §8.2.3).
std::optional<std::string_view> cookie(const http::RequestHead& request, std::string_view name);

}  // namespace adit::route
