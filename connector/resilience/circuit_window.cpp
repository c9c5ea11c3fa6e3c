// Counting in buckets and in a ring; see circuit_window.h.
#include "connector/resilience/circuit_window.h"

#include <algorithm>

namespace adit::resilience {
namespace {

constexpr unsigned kAgeShift = 40;
constexpr std::uint64_t kNumberMask = (1ULL << kAgeShift) - 1;
constexpr std::uint64_t kNone = 1ULL << (kAgeShift - 1);  ///< a total of nothing
constexpr unsigned kStepShift = 28;
constexpr std::uint64_t kCountMask = (1ULL << kStepShift) - 1;
constexpr std::uint32_t kFailed = 1;
constexpr std::uint32_t kSlow = 2;

}  // namespace

CircuitWindow::CircuitWindow(std::chrono::milliseconds time, std::uint32_t calls)
    : time_(time), most_(calls), slots_(calls), ring_failures_(kNone), ring_slow_(kNone) {}

std::uint64_t CircuitWindow::step_of(Time now) const {
    const std::chrono::nanoseconds width = std::chrono::nanoseconds(time_) / kBuckets;
    return static_cast<std::uint64_t>(now.time_since_epoch() / width);
}

void CircuitWindow::count(Counts& counts, std::uint64_t step) {
    std::atomic<std::uint64_t>& bucket = counts[step % kBuckets];
    std::uint64_t seen = bucket.load(std::memory_order_relaxed);
    while (seen >> kStepShift < step) {
        if (bucket.compare_exchange_weak(seen, (step << kStepShift) | 1, std::memory_order_relaxed)) {
            return;
        }
    }
    if ((seen & kCountMask) < kCountMask / 2) {
        bucket.fetch_add(1, std::memory_order_relaxed);
    }
}

std::uint64_t CircuitWindow::total(const Counts& counts, std::uint64_t step) {
    std::uint64_t sum = 0;
    for (const std::atomic<std::uint64_t>& bucket : counts) {
        const std::uint64_t seen = bucket.load(std::memory_order_relaxed);
        if ((seen >> kStepShift) + kBuckets > step) {
            sum += seen & kCountMask;
        }
    }
    return sum;
}

void CircuitWindow::change(std::atomic<std::uint64_t>& total, std::uint64_t age, int by) {
    std::uint64_t seen = total.load(std::memory_order_relaxed);
    while (seen >> kAgeShift == age &&
           !total.compare_exchange_weak(seen, seen + static_cast<std::uint64_t>(by), std::memory_order_relaxed)) {
    }
}

void CircuitWindow::add_to_ring(bool failed, bool slow) {
    const std::uint64_t place = next_.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t age = place >> kAgeShift;
    const std::uint32_t now = (static_cast<std::uint32_t>(age) << 2) | (failed ? kFailed : 0) | (slow ? kSlow : 0);
    std::uint32_t before = slots_[(place & kNumberMask) % most_].exchange(now, std::memory_order_relaxed);
    before = before >> 2 == age ? before : 0;
    const auto tell = [&](std::atomic<std::uint64_t>& total, std::uint32_t what) {
        if (const int by = static_cast<int>((now & what) != 0) - static_cast<int>((before & what) != 0); by != 0) {
            change(total, age, by);
        }
    };
    tell(ring_failures_, kFailed);
    tell(ring_slow_, kSlow);
}

Tally CircuitWindow::sum_of_ring() const {
    const auto number = [](const std::atomic<std::uint64_t>& of) {
        return std::max(of.load(std::memory_order_relaxed) & kNumberMask, kNone) - kNone;
    };
    return {std::min<std::uint64_t>(next_.load(std::memory_order_relaxed) & kNumberMask, most_), number(ring_failures_),
            number(ring_slow_)};
}

void CircuitWindow::add(bool failed, bool slow, Time now) {
    if (most_ > 0) {
        add_to_ring(failed, slow);
        return;
    }
    const std::uint64_t step = step_of(now);
    count(calls_, step);
    if (failed) {
        count(failures_, step);
    }
    if (slow) {
        count(slow_, step);
    }
}

Tally CircuitWindow::sum(Time now) const {
    if (most_ > 0) {
        return sum_of_ring();
    }
    const std::uint64_t step = step_of(now);
    return {total(calls_, step), total(failures_, step), total(slow_, step)};
}

void CircuitWindow::clear() {
    const std::uint64_t age = ((next_.load(std::memory_order_relaxed) >> kAgeShift) + 1) & 0xFF'FFFF;
    ring_failures_.store((age << kAgeShift) | kNone, std::memory_order_relaxed);
    ring_slow_.store((age << kAgeShift) | kNone, std::memory_order_relaxed);
    next_.store(age << kAgeShift, std::memory_order_relaxed);
    for (Counts* counts : {&calls_, &failures_, &slow_}) {
        for (std::atomic<std::uint64_t>& bucket : *counts) {
            bucket.store(bucket.load(std::memory_order_relaxed) & ~kCountMask, std::memory_order_relaxed);
        }
    }
}

}  // namespace adit::resilience
