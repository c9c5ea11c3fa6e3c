// Durations, sizes and RFC 3339; see time.h.
#include "common/base/time.h"

#include <array>
#include <charconv>
#include <ctime>
#include <limits>
#include <span>

#include "common/base/bounded_time.h"

namespace adit {
namespace {

using std::chrono::milliseconds;

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

/// A number and one of the units; what else it is goes into the message.
Result<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units, std::string_view expected) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (error == std::errc()) {
        for (const Unit& unit : units) {
            if (rest == unit.name && value <= std::numeric_limits<std::int64_t>::max() / unit.factor) {
                return value * unit.factor;
            }
        }
    }
    return usage_error("'" + std::string(text) + "' is not " + std::string(expected));
}

constexpr std::array<Unit, 5> kDurations{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 8> kSizes{{{"", 1},
                                      {"B", 1},
                                      {"KiB", 1024},
                                      {"MiB", 1024 * 1024},
                                      {"GiB", 1024ULL * 1024 * 1024},
                                      {"k", 1024},
                                      {"m", 1024 * 1024},
                                      {"g", 1024ULL * 1024 * 1024}}};

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
    const auto value =
        parse_with_unit(text, kDurations, "a duration: a number with a unit, such as 500ms, 5s, 2m, 24h or 90d");
    if (!value) {
        return std::unexpected(value.error());
    }
    return milliseconds(*value);
}

std::string format_duration(milliseconds duration) {
    const auto count = static_cast<std::uint64_t>(duration.count());
    for (auto unit = kDurations.rbegin(); unit != kDurations.rend(); ++unit) {
        if (count >= unit->factor && count % unit->factor == 0) {
            return std::to_string(count / unit->factor) + std::string(unit->name);
        }
    }
    return std::to_string(count) + "ms";
}

Result<std::uint64_t> parse_size(std::string_view text) {
    return parse_with_unit(text, kSizes, "a size: a number of bytes, or one with a unit, such as 64KiB or 10MiB");
}

std::string format_time(WallTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    static_cast<void>(::gmtime_r(&seconds, &parts));
    std::array<char, 32> text;
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string format_time_ms(WallTime time) {
    const auto since = std::chrono::floor<milliseconds>(time).time_since_epoch();
    const std::string whole = format_time(time);
    std::string ms = std::to_string(1000 + (since.count() % 1000 + 1000) % 1000);
    ms[0] = '.';
    return whole.substr(0, whole.size() - 1) + ms + "Z";
}

Result<WallTime> parse_time(std::string_view text) {
    std::tm parts{};
    const std::string copy(text);
    const char* end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (end == nullptr || std::string_view(end) != "Z") {
        return usage_error("'" + copy + "' is not a time of the form 2026-01-02T03:04:05Z");
    }
    return bounded_time(::timegm(&parts));
}

}  // namespace adit
