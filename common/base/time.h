// Times and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit {

/// "500ms", "5s", "2m", "24h", "90d".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);

/// "1048576", "64KiB", "10MiB", "1GiB".
Result<std::uint64_t> parse_size(std::string_view text);

using WallTime = std::chrono::system_clock::time_point;

/// "2026-01-02T03:04:05Z" (RFC 3339, UTC, whole seconds).
std::string format_time(WallTime time);
/// With milliseconds, for logs.
std::string format_time_ms(WallTime time);
Result<WallTime> parse_time(std::string_view text);

}  // namespace adit
