// Limits that shrink by themselves while what stands behind them is slow, and grow again when it is not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "connector/resilience/gcra.h"

namespace adit::resilience {

/// Which share of a limit counts, by the latency of what it protects (an exponentially weighted mean of calls). Beyond
/// `beyond` the share shrinks by a fifth each step, down to `least`; otherwise it grows by a tenth: multiplicative both
/// ways, down faster than up, so that it settles and does not swing. Any thread; the settings are of who asks.
class Tightening {
  public:
    struct Settings {
        std::chrono::nanoseconds beyond{};  ///< 0: limits stay as they are
        std::uint32_t least = 100;          ///< thousandths
    };

    /// The latency of one call.
    void observe(std::chrono::nanoseconds took);
    /// The share that counts now, in thousandths.
    std::uint32_t share(const Settings& settings, Time now);
    std::uint32_t share() const { return share_.load(std::memory_order_relaxed); }

  private:
    static constexpr std::chrono::milliseconds kStep{250};
    static constexpr std::int64_t kStepsMost = 64;  ///< from the least share to all of it, after a silence
    static constexpr double kWeight = 0.1;          ///< of the newest call

    void step(const Settings& settings, std::int64_t steps);

    std::atomic<std::uint32_t> share_ = kWholeShare;
    std::atomic<ArrivalTime> next_step_ = 0;
    std::mutex mutex_;    ///< of what follows
    double mean_ = 0;     ///< ns
    bool heard_ = false;  ///< calls have ended since the last step
};

}  // namespace adit::resilience
