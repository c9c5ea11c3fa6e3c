// Whether the store is worth asking: a circuit of its own, so that requests do not wait for a Redis that does not
// answer. Pure.
#pragma once

#include <algorithm>
#include <chrono>

namespace adit::state {

/// One worker's opinion. A reply that is overdue makes everybody else go on without asking until it comes; several late
/// ones in a row end the asking, and then only a probe that is answered in time begins it anew.
class Trust {
  public:
    using Time = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;
    static constexpr int kFailuresMost = 3;  ///< late or failed in a row
    static constexpr std::chrono::milliseconds kProbeFirst{100};
    static constexpr std::chrono::milliseconds kProbeMost{2'000};
    static constexpr std::chrono::milliseconds kProbeIdle{1'000};  ///< while all is well: to know before requests do

    bool resting() const { return failures_ >= kFailuresMost; }
    /// `oldest`: when the command was sent whose reply is next; Time::max() when none is awaited.
    bool may_ask(Time now, Time oldest, Duration timeout) const {
        return !resting() && (oldest == Time::max() || now - oldest < timeout);
    }
    /// In time, and not with an error.
    void answered() {
        // Who rested is trusted on trial: one more failure, and it rests again.
        failures_ = resting() ? kFailuresMost - 1 : 0;
        if (failures_ == 0) pause_ = kProbeFirst;
    }
    /// An error, or the end of the connection.
    void failed() { failures_ = std::min(failures_ + 1, kFailuresMost); }
    /// No reply in time to what was sent then. Many wait when a server hiccups, and it is one hiccup for all of them.
    void late(Time sent, Time now) {
        if (sent < late_at_) return;
        late_at_ = now;
        failed();
    }
    /// How long until the next probe.
    std::chrono::milliseconds next_probe() const { return resting() ? pause_ : kProbeIdle; }
    /// One is sent; while it rests, the next one comes later.
    void probes() {
        if (resting()) pause_ = std::min(pause_ * 2, kProbeMost);
    }

  private:
    int failures_ = 0;
    std::chrono::milliseconds pause_ = kProbeFirst;
    Time late_at_{};  ///< when the latest hiccup was noticed
};

}  // namespace adit::state
