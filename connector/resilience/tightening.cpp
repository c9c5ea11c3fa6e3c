// Steps of a share; see tightening.h.
#include "connector/resilience/tightening.h"

#include <algorithm>

namespace adit::resilience {

void Tightening::observe(std::chrono::nanoseconds took) {
    const auto latest = static_cast<double>(took.count());
    const std::lock_guard lock(mutex_);
    mean_ = mean_ == 0 ? latest : mean_ + (latest - mean_) * kWeight;
    heard_ = true;
}

std::uint32_t Tightening::share(const Settings& settings, Time now) {
    if (settings.beyond.count() == 0) {
        return kWholeShare;
    }
    const ArrivalTime at = arrival(now);
    ArrivalTime due = next_step_.load(std::memory_order_relaxed);
    const std::int64_t every = std::chrono::nanoseconds(kStep).count();
    if (at >= due && next_step_.compare_exchange_strong(due, at + every, std::memory_order_relaxed)) {
        step(settings, due == 0 ? 1 : 1 + (at - due) / every);
    }
    return share();
}

/// Of a backend that was not called there is no news; limits open, by as many steps as have passed.
void Tightening::step(const Settings& settings, std::int64_t steps) {
    const std::lock_guard lock(mutex_);
    double share = share_.load(std::memory_order_relaxed);
    if (heard_ && mean_ > static_cast<double>(settings.beyond.count())) {
        share *= 0.8;
    } else {
        for (std::int64_t i = 0; i < std::min(steps, kStepsMost) && share < kWholeShare; ++i) {
            share = std::max(share + 1, share * 1.1);
        }
    }
    if (!heard_) {
        mean_ = 0;
    }
    heard_ = false;
    share_.store(static_cast<std::uint32_t>(std::clamp<double>(share, std::max(1U, settings.least), kWholeShare)),
                 std::memory_order_relaxed);
}

}  // namespace adit::resilience
