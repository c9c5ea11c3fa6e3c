// The latest calls of a circuit, by time in ten rolling buckets or by count in a ring. Pure; any thread, no lock.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "connector/resilience/outcome.h"

namespace adit::resilience {

/// Calls that count, and what was wrong with them; a call may be both.
struct Tally {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
    std::uint64_t slow = 0;
    friend bool operator==(const Tally&, const Tally&) = default;
};

class CircuitWindow {
  public:
    static constexpr std::uint32_t kBuckets = 10;

    /// `calls` not 0: that many of the latest, however old. Otherwise those of the last `time`, in steps of a tenth:
    /// the oldest bucket goes as a whole.
    CircuitWindow(std::chrono::milliseconds time, std::uint32_t calls);

    void add(bool failed, bool slow, Time now);
    Tally sum(Time now) const;
    /// Forgets all of them. A call that is being added meanwhile may be left in.
    void clear();
    bool has_shape(std::chrono::milliseconds time, std::uint32_t calls) const {
        return time == time_ && calls == most_;
    }

  private:
    void add_to_ring(bool failed, bool slow);
    Tally sum_of_ring() const;

    /// Of a bucket: which step it counts (upper 36 bits) and how much (lower 28, where it stays at the most). One word,
    /// so that whoever comes first in a step can put a new count in place of the old one without anybody losing his.
    using Counts = std::array<std::atomic<std::uint64_t>, kBuckets>;
    static void count(Counts& counts, std::uint64_t step);
    static std::uint64_t total(const Counts& counts, std::uint64_t step);
    std::uint64_t step_of(Time now) const;

    /// A change of a total of the ring, unless that is of a later age.
    static void change(std::atomic<std::uint64_t>& total, std::uint64_t age, int by);

    const std::chrono::milliseconds time_;
    const std::uint32_t most_;  ///< calls; 0: by time
    Counts calls_{};
    Counts failures_{};
    Counts slow_{};
    /// Of the ring: the age (upper 24 bits, one more with each clear()), and the call's number. Slots and totals carry
    /// the age as well: those of another count for nothing, so that clearing touches no slot.
    std::atomic<std::uint64_t> next_ = 0;
    std::vector<std::atomic<std::uint32_t>> slots_;  ///< age and two bits
    /// Age and number, which begins in the middle: a call may leave the ring before its coming has been added.
    std::atomic<std::uint64_t> ring_failures_;
    std::atomic<std::uint64_t> ring_slow_;
};

}  // namespace adit::resilience
