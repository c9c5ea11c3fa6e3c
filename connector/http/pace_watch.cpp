// The ticks of a least rate; see pace_watch.h.
#include "connector/http/pace_watch.h"

#include <algorithm>

namespace adit::http {
namespace {

using namespace std::chrono_literals;

/// Between two looks: often enough for the grace that is given.
net::Clock::duration step_of(std::chrono::milliseconds grace) {
    return std::clamp<std::chrono::milliseconds>(grace / 4, 50ms, 1s);
}

}  // namespace

PaceWatch::PaceWatch(net::Loop& loop, const net::LeastRate& least)
    : Deadline(loop.wheel()), loop_(loop), pace_(least), step_(step_of(least.grace)) {}

void PaceWatch::turn() {
    waiting_ = true;
    since_ = loop_.now();
    if (!armed()) {
        arm(since_ + step_);
    }
}

void PaceWatch::over() {
    waiting_ = false;
    pace_.waited(loop_.now() - since_);
}

void PaceWatch::expired() {
    const net::Time now = loop_.now();
    if (waiting_) {
        // A loop that was held up has not read what may be here: that is not the client's time.
        pace_.waited(excused() ? net::Clock::duration::zero() : std::min(now - since_, 2 * step_));
        since_ = now;
        arm(now + step_);
    }
    pace_.moved(moved());
    if (pace_.too_slow()) {
        disarm();
        too_slow();
    }
}

}  // namespace adit::http
