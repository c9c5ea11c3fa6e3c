// What a peer may ask of us for nothing: a number of things at once, and so many a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/net/alarm.h"

namespace adit::net {

/// Pure: told the time, and spent by one thread.
class Budget {
  public:
    Budget(std::int64_t most, std::int64_t per_second, Time now)
        : most_(most),
          one_grows_in_(std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second),
          left_(most),
          grown_at_(now) {}

    /// Takes one; false when there is none.
    bool spend(Time now) { return spend(1, now); }
    /// Takes `n`, or all when that is less: false then. Gives back where `n` is negative.
    bool spend(std::int64_t n, Time now) {
        if (const auto grown = (now - grown_at_) / one_grows_in_; grown > 0) {
            grown_at_ += grown * one_grows_in_;
            earn(grown);
        }
        const bool enough = n <= left_;
        enough ? earn(-n) : earn(-left_);
        return enough;
    }

    /// Gives some back, up to what there was at first.
    void earn(std::int64_t n) { left_ = std::min(left_ + n, most_); }

  private:
    std::int64_t most_;
    std::chrono::nanoseconds one_grows_in_;
    std::int64_t left_;
    Time grown_at_;
};

}  // namespace adit::net
