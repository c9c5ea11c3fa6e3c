// Reading them; see reply_time.h.
#include "connector/http/reply_time.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

#include "common/base/bounded_time.h"

namespace adit::http {

std::optional<WallTime> parse_http_date(std::string_view text) {
    std::tm parts{};
    const std::string copy(text);
    const char* rest = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (rest == nullptr || *rest != '\0') {
        return std::nullopt;
    }
    return bounded_time(::timegm(&parts));
}

std::optional<std::chrono::seconds> retry_after(std::string_view field, WallTime now) {
    std::int32_t seconds = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), seconds);
    if (error == std::errc() && end == field.data() + field.size()) {
        return std::chrono::seconds(std::max(seconds, 0));
    }
    const auto date = parse_http_date(field);
    if (!date) {
        return std::nullopt;
    }
    return std::max(std::chrono::round<std::chrono::seconds>(*date - now), std::chrono::seconds(0));
}

}  // namespace adit::http
