// The timing wheel; see deadline.h.
#include "common/net/deadline.h"

#include <algorithm>

namespace adit::net {

void Deadline::arm(Time at) {
    at_ = at;
    if (is_linked() && filed_ <= at) {
        return;  // found again, and filed anew, when the old slot comes round
    }
    if (is_linked()) {
        unlink();
    }
    wheel_->file(*this);
}

void Wheel::file(Deadline& deadline) {
    // The next tick at the earliest, one turn of the wheel minus one at the latest: a later one is filed again from
    // there.
    const Tick due = tick_of(deadline.at_) + 1;
    const Tick slot = std::clamp<Tick>(due, current_ + 1, current_ + static_cast<Tick>(kSlots) - 1);
    deadline.filed_ = Time(kTick * slot);
    soonest_ = std::min(soonest_, deadline.filed_);
    slots_[static_cast<std::size_t>(slot) % kSlots].push_back(deadline);
}

void Wheel::advance(Time now) {
    const Tick target = tick_of(now);
    if (target - current_ > static_cast<Tick>(kSlots)) {
        current_ = target - static_cast<Tick>(kSlots);  // each slot is visited once, however long the loop slept
    }
    while (current_ < target) {
        ++current_;
        Slot due;
        due.swap(slots_[static_cast<std::size_t>(current_) % kSlots]);
        while (!due.empty()) {
            Deadline& deadline = due.front();
            due.pop_front();
            if (!deadline.armed()) {
                continue;
            }
            if (deadline.at_ > now) {
                file(deadline);
                continue;
            }
            deadline.at_ = Time::max();
            deadline.expired();
        }
    }
}

std::optional<Time> Wheel::next() const {
    for (Tick tick = current_ + 1; tick < current_ + static_cast<Tick>(kSlots); ++tick) {
        if (!slots_[static_cast<std::size_t>(tick) % kSlots].empty()) {
            return Time(kTick * tick);
        }
    }
    return std::nullopt;
}

}  // namespace adit::net
