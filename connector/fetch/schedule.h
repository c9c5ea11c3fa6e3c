// When a value that expires is used, refreshed and given up. Pure; time and chance are arguments.
#pragma once

#include <chrono>
#include <optional>

#include "common/base/random.h"

namespace adit::fetch {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/// What went wrong with a fetch, as far as the schedule cares.
enum class Fault {
    transient,  ///< network, time-out, 5xx, 429, an answer that makes no sense
    permanent,  ///< the provider refuses who we are or what we ask for: trying again soon does not help
};

/// The life of one value: fresh, then stale (used while another is fetched), then expired (never used).
class Schedule {
  public:
    struct Settings {
        std::chrono::milliseconds offset{300'000};  ///< refreshed so long before the end, at most a quarter of the life
        std::chrono::milliseconds never_used{10'000};  ///< before the end; at most a tenth of the life
        std::chrono::milliseconds back_off_base{1'000};
        std::chrono::milliseconds back_off_most{30'000};
        std::chrono::milliseconds retry_after_most{300'000};  ///< a provider that errs must not silence us for a day
        std::chrono::milliseconds negative{30'000};           ///< after a permanent fault
        std::chrono::milliseconds forced{10'000};             ///< between two refreshes that a 401 asks for
    };
    explicit Schedule(const Settings& settings) : settings_(settings) {}

    /// A value came whose life is `life` from `now` on.
    void made(Time now, std::chrono::milliseconds life, Random& random);
    /// A fetch failed; `retry_after` as the provider said.
    void failed(Time now, Fault fault, std::optional<std::chrono::seconds> retry_after, Random& random);
    /// The value was refused by who it is for: whether another fetch may begin now. Not while fetches fail.
    bool force(Time now);

    bool usable(Time now) const { return now < hard_end_; }
    /// From then on the value is never used.
    Time hard_end() const { return hard_end_; }
    /// When the next fetch is due; in the past: now.
    Time due() const { return due_; }
    /// The last fetch failed, and no other is due yet.
    bool backing_off(Time now) const { return failures_ > 0 && now < due_; }
    /// The last fetch failed for good, as far as can be told.
    bool refused() const { return refused_; }
    /// How long those who want a value that is not there must be told to wait.
    std::chrono::seconds retry_after(Time now) const;

  private:
    Settings settings_;
    Time hard_end_{};
    Time due_{};
    std::optional<Time> forced_;
    int failures_ = 0;
    bool refused_ = false;
};

}  // namespace adit::fetch
