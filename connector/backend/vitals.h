// How one endpoint is, as all workers know it: what is in flight, what active checks and its own traffic say.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "connector/resilience/health.h"
#include "connector/resilience/outlier.h"

namespace adit::backend {

using resilience::Health;

/// Kept by the name of its backend and its URL, so that it outlives reloads. For any thread, without a lock.
class Vitals {
  public:
    using Time = resilience::Time;

    /// `now`: from here on it is new, which matters to slow start.
    explicit Vitals(Time now) : well_since_(now.time_since_epoch().count()) {}

    std::int32_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

    Health health() const { return health_.load(std::memory_order_relaxed); }
    /// A verdict of the active checks; whether it is another one than before.
    bool set_health(Health health, Time now) {
        const Health before = health_.exchange(health, std::memory_order_relaxed);
        ejections->down.store(health == Health::unhealthy, std::memory_order_relaxed);
        if (before == Health::unhealthy && health != Health::unhealthy) {
            well_since_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
        }
        return before != health;
    }
    /// When it appeared, or became healthy, or came back from its last ejection.
    Time well_since() const {
        return std::max(Time(resilience::Clock::duration(well_since_.load(std::memory_order_relaxed))),
                        ejections->back());
    }

    /// Exponentially weighted; a store of one worker may hide that of another, which is good enough to be looked at.
    std::chrono::microseconds latency() const {
        return std::chrono::microseconds(latency_us_.load(std::memory_order_relaxed));
    }
    void took(std::chrono::nanoseconds time) {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
        const std::int64_t before = latency_us_.load(std::memory_order_relaxed);
        latency_us_.store(before == 0 ? us : before + (us - before) / 8, std::memory_order_relaxed);
    }

    /// What its own traffic says of it.
    const std::shared_ptr<resilience::OutlierRecord> ejections = std::make_shared<resilience::OutlierRecord>();

  private:
    friend class InFlight;
    std::atomic<std::int32_t> in_flight_{0};
    std::atomic<Health> health_{Health::unknown};
    std::atomic<resilience::Clock::rep> well_since_;
    std::atomic<std::int64_t> latency_us_{0};
};

/// Counts a try against its endpoint for as long as it lives: to the last byte of the answer. The vitals outlive it.
class InFlight {
  public:
    InFlight() = default;
    explicit InFlight(const std::shared_ptr<Vitals>& of) : of_(of.get()) {
        of_->in_flight_.fetch_add(1, std::memory_order_relaxed);
    }
    InFlight(InFlight&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    InFlight& operator=(InFlight&& other) noexcept {
        std::swap(of_, other.of_);
        return *this;
    }
    ~InFlight() {
        if (of_ != nullptr) {
            of_->in_flight_.fetch_sub(1, std::memory_order_relaxed);
        }
    }

  private:
    Vitals* of_ = nullptr;
};

}  // namespace adit::backend
