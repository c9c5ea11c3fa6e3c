// Times that strangers write, kept where arithmetic with them cannot overflow.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>

#include "common/base/time.h"

namespace adit {

/// The time, or the nearest from 1970 to 2200: system_clock counts nanoseconds, which end in the year 2262, and the
/// difference of two of these has to fit as well.
inline WallTime bounded_time(std::time_t seconds) {
    using namespace std::chrono;
    constexpr auto last = sys_seconds(sys_days(year(2200) / 1 / 1)).time_since_epoch().count();
    return system_clock::from_time_t(std::clamp<std::time_t>(seconds, 0, last));
}

}  // namespace adit
