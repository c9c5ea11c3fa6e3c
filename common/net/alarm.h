// A deadline that wakes a waiter, for coroutines that wait for an event or a time, whichever comes first.
#pragma once

#include "common/net/loop.h"

namespace adit::net {

/// After set(at) passes, `waiter` is woken once and passed() is true until the next set().
class Alarm final : public Deadline {
  public:
    Alarm(Loop& loop, Waiter& waiter) : Deadline(loop.wheel()), waiter_(&waiter) {}
    void set(Time at) {
        passed_ = false;
        arm(at);
    }
    bool passed() const { return passed_; }

  private:
    void expired() override {
        passed_ = true;
        waiter_->wake();
    }
    Waiter* waiter_;
    bool passed_ = false;
};

/// Suspends for `duration`.
inline Task<> sleep_for(Loop& loop, Clock::duration duration) {
    Waiter waiter(loop);
    Alarm alarm(loop, waiter);
    alarm.set(loop.now() + duration);
    while (!alarm.passed()) {
        co_await waiter.wait();
    }
}

}  // namespace adit::net
