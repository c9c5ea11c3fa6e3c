// The three forms of a date; see date.h.
#include "connector/http/date.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "common/base/bounded_time.h"
#include "common/base/strings.h"

namespace adit::http {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::optional<int> number(std::string_view digits) {
    int value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return digits.empty() || digits.size() > 4 ? std::nullopt : std::optional(value);
}

std::optional<WallTime> assemble(std::string_view day, std::string_view month, std::optional<int> year,
                                 std::string_view clock) {
    const auto found = std::ranges::find(kMonths, month);
    const auto mday = number(trim(day));
    if (found == kMonths.end() || !mday || !year || clock.size() != 8 || clock[2] != ':' || clock[5] != ':') {
        return std::nullopt;
    }
    const auto hour = number(clock.substr(0, 2));
    const auto minute = number(clock.substr(3, 2));
    const auto second = number(clock.substr(6, 2));
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(found - kMonths.begin()) + 1),
                                           std::chrono::day(static_cast<unsigned>(*mday))};
    if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60 || !date.ok()) {
        return std::nullopt;
    }
    const std::chrono::sys_seconds at = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                                        std::chrono::minutes(*minute) + std::chrono::seconds(*second);
    return bounded_time(at.time_since_epoch().count());
}

/// RFC 9110 §5.6.7: a year that seems more than 50 years in the future is the latest past one with these digits.
std::optional<int> full_year(std::optional<int> two, WallTime now) {
    if (!two) {
        return std::nullopt;
    }
    const int current =
        static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(now)).year());
    const int year = current / 100 * 100 + *two;
    return year > current + 50 ? year - 100 : year;
}

}  // namespace

std::optional<WallTime> parse_date(std::string_view text, WallTime now) {
    const std::size_t comma = text.find(',');
    if (comma == 3 && text.size() == 29 && text.ends_with(" GMT")) {  // Sun, 06 Nov 1994 08:49:37 GMT
        return assemble(text.substr(5, 2), text.substr(8, 3), number(text.substr(12, 4)), text.substr(17, 8));
    }
    if (comma != std::string_view::npos && text.size() == comma + 24 && text.ends_with(" GMT")) {
        const std::string_view rest = text.substr(comma + 2);  // Sunday, 06-Nov-94 08:49:37 GMT
        return assemble(rest.substr(0, 2), rest.substr(3, 3), full_year(number(rest.substr(7, 2)), now),
                        rest.substr(10, 8));
    }
    if (comma == std::string_view::npos && text.size() == 24) {  // Sun Nov  6 08:49:37 1994
        return assemble(text.substr(8, 2), text.substr(4, 3), number(text.substr(20, 4)), text.substr(11, 8));
    }
    return std::nullopt;
}

std::string format_date(WallTime time) {
    const auto days = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(days);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
    std::array<char, 40> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                      kDays[std::chrono::weekday(days).c_encoding()].data(), static_cast<unsigned>(date.day()),
                      kMonths[static_cast<unsigned>(date.month()) - 1].data(), static_cast<int>(date.year()),
                      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()));
    return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

}  // namespace adit::http
