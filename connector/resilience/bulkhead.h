// A bulkhead: so many requests in progress, so many that wait for their turn, and no more (Nygard, "Release It!", ch.
// 5).
#pragma once

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "connector/config/resilience.h"
#include "connector/resilience/gradient.h"

namespace adit::resilience {

/// Somebody in the queue of a bulkhead. Must not be destroyed while it is there: see Bulkhead::withdraw().
class Turn : public boost::intrusive::list_base_hook<> {
  public:
    /// The place is there, and belongs to this turn. Called once, on the thread that gave the place up, with the
    /// bulkhead's lock held: wakes somebody, and does nothing else.
    virtual void come() noexcept = 0;

  protected:
    ~Turn() = default;
};

/// Counts places for all workers, exactly. A place that is free costs an exchange of one word; there is a lock only
/// where somebody waits or is turned away. Any thread. `bounds` are those of the generation that asks, so that a reload
/// changes them and no place is lost.
class Bulkhead {
  public:
    enum class Entry : std::uint8_t { entered, queued, full };

    /// Takes a place, or stands in the queue, or neither. Who entered or was told to come() has to leave().
    Entry enter(const config::Bulkhead& bounds, Turn& turn);
    /// The same for who does not wait.
    bool try_enter(const config::Bulkhead& bounds);
    /// Out of the queue. False: the place came before, and has to be left.
    bool withdraw(Turn& turn);
    /// Gives a place up; whoever waits gets it. While more than half of the queue is taken the last to come is served
    /// first: those at the front have waited so long that their callers are about to give up, and nobody would be
    /// served in time otherwise (Facebook, "Fail at Scale", 2015).
    void leave();
    /// What came of a request that had a place; only where the limit finds itself.
    void sample(const config::Bulkhead& bounds, std::chrono::nanoseconds took, bool throttled, Time now);

    std::uint32_t in_progress() const { return in_progress(state_.load(std::memory_order_relaxed)); }
    std::uint32_t waiting() const { return waiting(state_.load(std::memory_order_relaxed)); }
    /// The one that counts now: `concurrent`, or what the gradient has found below it.
    std::uint32_t limit() const { return limit_.load(std::memory_order_relaxed); }

  private:
    /// Both counts are one word, so that nobody takes a free place past somebody who waits.
    static constexpr std::uint64_t kOneWaits = 1ULL << 32;
    static std::uint32_t in_progress(std::uint64_t state) { return static_cast<std::uint32_t>(state); }
    static std::uint32_t waiting(std::uint64_t state) { return static_cast<std::uint32_t>(state >> 32); }
    void take_up(const config::Bulkhead& bounds);
    void serve_waiting();
    bool take_free_place();

    std::atomic<std::uint64_t> state_ = 0;
    std::atomic<std::uint32_t> limit_ = 0;       ///< 0: nobody has asked yet
    std::atomic<std::uint32_t> concurrent_ = 0;  ///< of the bounds that were used last
    std::atomic<bool> adaptive_ = false;
    std::mutex mutex_;  ///< of what follows
    boost::intrusive::list<Turn, boost::intrusive::constant_time_size<true>> queue_;
    std::uint32_t queue_most_ = 0;
    std::optional<Gradient> gradient_;
    config::Adaptive adaptive_settings_;
};

/// A place that was taken; gives it up when it goes.
class Place {
  public:
    Place() = default;
    explicit Place(std::shared_ptr<Bulkhead> bulkhead) : bulkhead_(std::move(bulkhead)) {}
    Place(Place&&) noexcept = default;
    Place& operator=(Place&& other) noexcept {
        std::swap(bulkhead_, other.bulkhead_);
        return *this;
    }
    ~Place() {
        if (bulkhead_) {
            bulkhead_->leave();
        }
    }

  private:
    std::shared_ptr<Bulkhead> bulkhead_;  ///< null: none
};

}  // namespace adit::resilience
