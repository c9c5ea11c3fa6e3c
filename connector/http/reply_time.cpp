// Reading them; see reply_time.h.
#include "connector/http/reply_time.h"

#include <algorithm>
#include <charconv>

#include "connector/http/date.h"

namespace adit::http {

std::optional<std::chrono::seconds> retry_after(std::string_view field, WallTime now) {
    std::int32_t seconds = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), seconds);
    if (error == std::errc() && end == field.data() + field.size()) {
        return std::chrono::seconds(std::max(seconds, 0));
    }
    const auto date = parse_date(field, now);
    if (!date) {
        return std::nullopt;
    }
    return std::max(std::chrono::round<std::chrono::seconds>(*date - now), std::chrono::seconds(0));
}

}  // namespace adit::http
