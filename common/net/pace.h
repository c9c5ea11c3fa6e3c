// How far a peer lags behind the least rate at which it has to send, or to take, while it is its turn.
//
// A bucket of time: waiting for the peer fills it, what it moves empties it by what that is worth at the least rate.
// Who was fast earns patience for later, but only so much, or a fast start would pay for hours of trickling.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/net/deadline.h"

namespace adit::net {

/// The terms; a rate of 0 asks for nothing.
struct LeastRate {
    std::uint64_t bytes_per_second = 0;
    std::chrono::milliseconds grace{};  ///< how far behind is too far
};

/// Pure: told what was waited and what has moved.
class Pace {
  public:
    static constexpr std::chrono::seconds kEarnedMost{60};

    explicit Pace(const LeastRate& least) : least_(least) {}

    /// The peer had its turn for so long.
    void waited(Clock::duration time) { lag_ += time; }
    /// What has moved since the beginning, as far as can be told; less than before is no progress.
    void moved(std::int64_t total) {
        const auto most = static_cast<std::int64_t>(kWorthMost * least_.bytes_per_second);
        const std::int64_t fresh = std::clamp<std::int64_t>(total - seen_, 0, most);
        seen_ = total;
        lag_ -= std::chrono::microseconds(fresh * std::micro::den / static_cast<std::int64_t>(least_.bytes_per_second));
        lag_ = std::max<Clock::duration>(lag_, -kEarnedMost);
    }
    bool too_slow() const { return lag_ > least_.grace; }
    const LeastRate& least() const { return least_; }

  private:
    /// Seconds. More than any grace, and the product above stays small enough.
    static constexpr std::uint64_t kWorthMost = 100'000;

    LeastRate least_;
    Clock::duration lag_{};
    std::int64_t seen_ = 0;
};

}  // namespace adit::net
