// A limit of concurrency that finds itself by the gradient of latency: Gradient2 of Netflix's concurrency-limits
// (E. Espinha, T. Jensen, "Performance Under Load", 2018), pure.
#pragma once

#include <chrono>
#include <cstdint>

#include "connector/config/resilience.h"
#include "connector/resilience/outcome.h"

namespace adit::resilience {

/// While requests take as long as they took over the last minutes, the limit grows by what may stand in a queue; as
/// they begin to take longer, it shrinks in proportion. What an origin says itself counts more: an answer that asks for
/// patience takes a tenth off at once. Samples are taken together for a short time, so that one slow request is not a
/// trend. Not for several threads at once.
class Gradient {
  public:
    Gradient(const config::Adaptive& settings, std::uint32_t most);

    /// `settings` and `most` as they are now, after a reload; the limit stays where it is within them.
    void use(const config::Adaptive& settings, std::uint32_t most);
    /// One call that has ended: how long it took to its answer's head, how many were in progress with it, and whether
    /// the origin asked for patience.
    void sample(std::chrono::nanoseconds took, std::uint32_t in_progress, bool throttled, Time now);
    std::uint32_t limit() const { return static_cast<std::uint32_t>(limit_); }

  private:
    static constexpr std::chrono::milliseconds kWindow{100};
    static constexpr std::uint32_t kSamplesLeast = 10;
    static constexpr double kLongTerm = 3'000;  ///< windows that the long-term latency averages over: five minutes
    static constexpr std::uint32_t kWarmUp = 10;
    static constexpr double kQueue = 4;  ///< that may wait at the origin without harm
    static constexpr double kSmoothing = 0.2;
    static constexpr double kGradientLeast = 0.5;
    static constexpr double kThrottled = 0.9;
    static constexpr double kDrift = 0.95;  ///< of a long-term latency that is twice the latest

    void end_window(Time now);

    config::Adaptive settings_;
    double most_;
    double limit_;
    double long_term_ = 0;  ///< ns
    std::uint32_t windows_ = 0;
    Time window_began_{};
    std::chrono::nanoseconds sum_{};
    std::uint32_t samples_ = 0;
    std::uint32_t in_progress_ = 0;  ///< the most of this window
    Time throttled_at_{};
};

}  // namespace adit::resilience
