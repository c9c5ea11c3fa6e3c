// Arithmetic of lives and delays; see schedule.h.
#include "connector/fetch/schedule.h"

#include <algorithm>

namespace adit::fetch {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRoomMost{30'000};  ///< for a fetch

/// Uniform from [least, most).
milliseconds draw(milliseconds least, milliseconds most, Random& random) {
    const auto span = static_cast<double>(std::max(most - least, milliseconds(0)).count());
    return least + milliseconds(static_cast<milliseconds::rep>(random.uniform() * span));
}

}  // namespace

void Schedule::made(Time now, milliseconds life, Random& random) {
    failures_ = 0;
    refused_ = false;
    hard_end_ = now + life - std::min(settings_.never_used, life / 10);
    // Many connectors that got their values together do not all come back together.
    const milliseconds early = std::min(settings_.offset, life / 4) + draw(milliseconds(0), life / 10, random);
    // Whatever the offset: there is time left for the fetch before the old value is given up.
    due_ = std::min(now + life - early, hard_end_ - std::min(kRoomMost, life / 20));
}

void Schedule::failed(Time now, Fault fault, std::optional<std::chrono::seconds> retry_after, Random& random) {
    constexpr int kDoublings = 10;  // beyond any cap
    failures_ = std::min(failures_ + 1, kDoublings);
    refused_ = fault == Fault::permanent;
    milliseconds delay = settings_.negative;
    if (!refused_) {
        const milliseconds ceiling = std::min(settings_.back_off_most, settings_.back_off_base * (1 << failures_));
        delay = draw(settings_.back_off_base, ceiling, random);
    }
    if (retry_after) {
        delay = std::max(delay, std::min<milliseconds>(*retry_after, settings_.retry_after_most));
    }
    due_ = now + delay;
}

bool Schedule::force(Time now) {
    if (backing_off(now) || (forced_ && now < *forced_ + settings_.forced)) {
        return false;
    }
    forced_ = now;
    due_ = std::min(due_, now);
    return true;
}

std::chrono::seconds Schedule::retry_after(Time now) const {
    return std::max(std::chrono::ceil<std::chrono::seconds>(due_ - now), std::chrono::seconds(1));
}

}  // namespace adit::fetch
