// What a caller was refused, so that who hammers at a limit does not hammer at Redis. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "connector/resilience/limiter.h"

namespace adit::state {

/// Of one caller, in one connector. A refusal stands for as much as was asked for, and more: who was refused a dear
/// request may still make a cheap one, and what comes of that says nothing of the dear one.
class Refusal {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::milliseconds kKept{1'000};

    /// What such a demand comes to now; nothing: it has to be asked for.
    std::optional<resilience::LimitVerdict> of(resilience::Demand demand, Time now) const {
        if (now >= until_ || !covers(demand)) return std::nullopt;
        resilience::LimitVerdict verdict = verdict_;
        verdict.retry_after -= now - told_at_;
        verdict.reset = std::max(std::chrono::nanoseconds(0), verdict.reset - (now - told_at_));
        verdict.ban_begins = false;
        return verdict;
    }
    /// Whether it is worth keeping. Where refusals are counted for a ban, each has to be told; a ban itself is known
    /// until it ends.
    static bool is_kept(const resilience::LimitVerdict& verdict, const resilience::Limits& limits) {
        using Result = resilience::LimitVerdict::Result;
        return verdict.result == Result::banned || (verdict.result == Result::refused && limits.ban_after == 0);
    }
    void refused(resilience::Demand demand, const resilience::LimitVerdict& verdict, Time now) {
        const bool banned = verdict.result == resilience::LimitVerdict::Result::banned;
        of_ = banned ? resilience::Demand{.cost = 0} : demand;
        verdict_ = verdict;
        told_at_ = now;
        until_ = now + std::min<std::chrono::nanoseconds>(verdict.retry_after, kKept);
    }
    /// Such a demand was met: where that covers what was refused, it is no more.
    void allowed(resilience::Demand demand) {
        if (covers(demand)) until_ = Time();
    }
    bool over(Time now) const { return now >= until_; }

  private:
    /// Asks for no less, of no more.
    bool covers(resilience::Demand demand) const { return demand.cost >= of_.cost && demand.share <= of_.share; }

    resilience::Demand of_;
    resilience::LimitVerdict verdict_;
    Time told_at_{};
    Time until_{};
};

}  // namespace adit::state
