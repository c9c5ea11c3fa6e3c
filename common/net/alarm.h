// Deadlines with a common purpose: waking a coroutine that waits for an event or a time, and giving a stream up.
#pragma once

#include "common/net/stream.h"

namespace adit::net {

/// After set(at) passes, `waiter` is woken once and passed() is true until the next set().
class Alarm final : public Deadline {
  public:
    Alarm(Loop& loop, Waiter& waiter) : Deadline(loop.wheel()), waiter_(&waiter) {}
    void set(Time at) {
        passed_ = false;
        arm(at);
    }
    const bool& passed() const { return passed_; }

  private:
    void expired() override {
        passed_ = true;
        waiter_->wake();
    }
    Waiter* waiter_;
    bool passed_ = false;
};

/// Gives a stream up when its time has come: bounds steps that are taken together, such as a handshake.
class AbortAt final : public Deadline {
  public:
    AbortAt(Stream& stream, Time at) : Deadline(stream.loop().wheel()), stream_(stream) { arm(at); }

  private:
    void expired() override { stream_.abort(Errc::timed_out); }
    Stream& stream_;
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
