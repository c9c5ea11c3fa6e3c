// The arithmetic of windows; see gcra.h.
#include "connector/resilience/gcra.h"

#include <algorithm>

namespace adit::resilience {
namespace {

/// So that sums of times do not overflow: fifty years.
constexpr std::int64_t kMost = 50LL * 366 * 24 * 3600 * 1'000'000'000;

std::int64_t times(std::int64_t interval, std::uint64_t count, std::int64_t most) {
    const auto fits = static_cast<std::uint64_t>(most / interval);
    return count > fits ? most : interval * static_cast<std::int64_t>(count);
}

}  // namespace

LimitWindow LimitWindow::of(const config::RateWindow& window) {
    const std::int64_t per = std::chrono::nanoseconds(window.per).count();
    const auto requests = static_cast<std::int64_t>(window.requests);
    LimitWindow made;
    made.interval = std::max<std::int64_t>(1, (per + requests - 1) / requests);
    made.requests = window.requests;
    made.per = window.per;
    made.burst = window.burst > 0 ? window.burst : window.requests;
    made.tolerance = times(made.interval, made.burst, kMost);
    return made;
}

std::int64_t LimitWindow::interval_at(std::uint32_t share) const {
    if (share >= kWholeShare) {
        return interval;
    }
    return times(interval, kWholeShare, kMost) / std::max<std::int64_t>(1, share);
}

std::int64_t LimitWindow::advance(std::uint32_t cost, std::uint32_t share) const {
    return times(interval_at(share), cost, tolerance);
}

Metered meter(const LimitWindow& window, ArrivalTime before, std::uint32_t cost, std::uint32_t share, ArrivalTime now) {
    // What was taken under a longer tolerance, before a reload, does not keep a caller out for longer than this one.
    const ArrivalTime from = std::clamp(before, now, now + window.tolerance);
    const ArrivalTime after = from + window.advance(cost, share);
    const std::int64_t room = now + window.tolerance - after;
    const auto tokens = [&](std::int64_t time) {
        return time <= 0 ? 0 : static_cast<std::uint64_t>(time / window.interval_at(share));
    };
    if (room < 0) {
        return {.conforms = false, .after = from, .left = tokens(now + window.tolerance - from), .wait = -room};
    }
    return {.conforms = true, .after = after, .left = tokens(room), .wait = 0};
}

Limits Limits::of(const config::RateWindows& windows, const config::RateLimit& policy) {
    Limits made;
    for (const config::RateWindow& window : windows) {
        made.windows.push_back(LimitWindow::of(window));
    }
    made.ban_after = policy.ban_after;
    made.ban_for = policy.ban_for;
    return made;
}

}  // namespace adit::resilience
