// Dates of HTTP, as RFC 9110 §5.6.7 has senders write them and recipients read them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.h"

namespace adit::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" and the two obsolete forms, of RFC 850 (with two digits of a year: those in the
/// past hundred years from `now`, roughly) and of asctime(); nothing for what is no date.
/// Bounded as strangers' times are (bounded_time()).
std::optional<WallTime> parse_date(std::string_view text, WallTime now = std::chrono::system_clock::now());

/// The form that senders use.
std::string format_date(WallTime time);

}  // namespace adit::http
