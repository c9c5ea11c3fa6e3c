// GCRA, the continuous leaky bucket as a meter (ITU-T I.371, annex A): one number tells how full a window is.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "connector/config/limits.h"
#include "connector/resilience/outcome.h"

namespace adit::resilience {

inline constexpr std::uint32_t kWholeShare = 1'000;

/// Nanoseconds of the steady clock: the theoretical arrival time. While it lies ahead, tokens are missing.
using ArrivalTime = std::int64_t;

inline ArrivalTime arrival(Time at) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

/// One window of a limit, compiled. Rates are exact to the nanosecond of a token, and never above what was asked for.
struct LimitWindow {
    std::int64_t interval = 1;   ///< in which one token comes (T), ns
    std::int64_t tolerance = 1;  ///< how far ahead the arrival time may lie (tau): all of the burst, ns
    std::uint64_t requests = 1;  ///< as configured, as the next two
    std::chrono::milliseconds per{1'000};
    std::uint64_t burst = 1;

    static LimitWindow of(const config::RateWindow& window);
    /// The time that a token takes while only a share of the limit counts.
    std::int64_t interval_at(std::uint32_t share) const;
    /// How far so many tokens move the arrival time: never more than an empty window has room for.
    std::int64_t advance(std::uint32_t cost, std::uint32_t share) const;
};

/// What came of asking one window.
struct Metered {
    bool conforms = true;
    ArrivalTime after = 0;   ///< the arrival time if all windows conform
    std::uint64_t left = 0;  ///< tokens, then
    std::int64_t wait = 0;   ///< ns until it conforms; 0: it does
};

/// Asks the window whose arrival time is `before` for tokens. Changes nothing: several windows agree, or none counts.
Metered meter(const LimitWindow& window, ArrivalTime before, std::uint32_t cost, std::uint32_t share, ArrivalTime now);

/// All windows of a tier, and when its callers are banned.
struct Limits {
    std::vector<LimitWindow> windows;
    std::uint32_t ban_after = 0;  ///< refusals; 0: nobody is banned
    std::chrono::nanoseconds ban_for{};

    static Limits of(const config::RateWindows& windows, const config::RateLimit& policy);
};

}  // namespace adit::resilience
