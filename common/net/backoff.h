// How long to wait before trying again: exponential, full jitter, forgotten after a stable period. Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace adit::net {

/// Delays of U(0, min(cap, base * 2^n)) (M. Brooker, "Exponential Backoff and Jitter", 2015): many that lost the same
/// peer at once do not come back at once.
class Backoff {
  public:
    using Duration = std::chrono::milliseconds;
    struct Settings {
        Duration base{100};
        Duration cap{5'000};
        Duration stable{10'000};  ///< what lasted this long counts as recovered
    };

    explicit Backoff(const Settings& settings) : settings_(settings) {}

    /// The next delay; `uniform` is from [0, 1).
    Duration next(double uniform) {
        const Duration ceiling = std::min<Duration>(settings_.cap, settings_.base * (1LL << std::min(failures_, 20)));
        ++failures_;
        return Duration(static_cast<Duration::rep>(uniform * static_cast<double>(ceiling.count())));
    }
    /// Something worked for `lasted` before it failed.
    void worked_for(std::chrono::nanoseconds lasted) {
        if (lasted >= settings_.stable) {
            failures_ = 0;
        }
    }
    int failures() const { return failures_; }

  private:
    Settings settings_;
    int failures_ = 0;
};

}  // namespace adit::net
