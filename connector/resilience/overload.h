// Load shedding: a connector that is short of something refuses requests of low priority before it collapses.
//
// Four resources are watched. Memory, descriptors and the lag of workers are read a few times a second, beside the path
// of requests, and make a level; requests in progress are counted exactly. A request costs a load, and an addition at
// either end.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <span>
#include <string_view>

#include "connector/config/defaults.h"
#include "connector/config/limits.h"

namespace adit::resilience {

/// Up to which priority requests are shed.
enum class Level : std::uint8_t { none, low, normal, high, all };
/// What the connector is short of.
enum class Resource : std::uint8_t { none, memory, descriptors, lag, requests };

std::string_view name(Level level);
std::string_view name(Resource resource);
std::string_view name(config::Priority priority);

inline constexpr std::size_t kResources = 5;   ///< with none, as indices
inline constexpr std::size_t kPriorities = 4;  ///< as indices

constexpr bool sheds(Level level, config::Priority priority) {
    return static_cast<unsigned>(level) > static_cast<unsigned>(priority);
}

/// Where each level above none begins, in the unit of a reading.
using Steps = std::array<double, 4>;

/// Of a resource of which there is so much (1 is all of it): low at the share, normal halfway from there to the end,
/// high at three quarters, everything when next to nothing is left.
Steps steps_of_share(std::uint32_t percent);
/// Of the time by which a worker is late: low at `lag`, normal at twice, high at four times that; critical never.
Steps steps_of_lag(std::chrono::nanoseconds lag);

/// The level of one resource: up at once, down when the reading has come down by a fiftieth of what the level began at,
/// so that it does not flutter.
class Gradation {
  public:
    Level update(double reading, const Steps& steps);
    Level level() const { return level_; }

  private:
    Level level_ = Level::none;
};

/// The lag that stands: the least of the latest readings, so that a hiccup is none (as the standing queue of CoDel,
/// RFC 8289 §4).
class StandingLag {
  public:
    std::chrono::nanoseconds add(std::chrono::nanoseconds reading);

  private:
    static constexpr std::size_t kReadings = 4;
    std::deque<std::chrono::nanoseconds> readings_;
};

/// What was read, as shares from 0 to 1.
struct Load {
    double memory = 0;
    double descriptors = 0;
};

/// Shared by all workers. The states of gradations are kept over changes of the settings.
class Overload {
  public:
    struct Standing {
        Level level = Level::none;
        Resource resource = Resource::none;  ///< that the connector is shortest of
    };

    /// Settings of now; any thread.
    void configure(const config::Shed& settings);
    config::Shed settings() const;
    /// What was read; `lag` by worker. One thread.
    void update(const Load& load, std::span<const std::chrono::nanoseconds> lag);

    /// On the path of requests, any thread: none when the request may go on, and leave() follows its end; else what
    /// there is too little of.
    Resource enter(unsigned worker, config::Priority priority);
    void leave() { in_progress_.fetch_sub(1, std::memory_order_relaxed); }

    /// No new clients' connections are taken: the descriptors left are for requests of those that are here.
    bool short_of_descriptors() const { return short_of_descriptors_.load(std::memory_order_relaxed); }
    std::uint32_t in_progress() const { return in_progress_.load(std::memory_order_relaxed); }
    /// Of a worker; the first stands for what is the same for all.
    Standing standing(unsigned worker) const { return standings_[worker].load(std::memory_order_relaxed); }
    /// The worst of all workers.
    Standing worst() const;
    /// By resource; of lag the worst worker's.
    std::array<Level, kResources> levels() const;

  private:
    static constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();
    static constexpr std::array<std::uint32_t, kPriorities> kNoBounds{kUnbounded, kUnbounded, kUnbounded, kUnbounded};
    static_assert(std::atomic<Standing>::is_always_lock_free);

    std::array<std::atomic<Standing>, config::bounds::max_workers> standings_{};
    std::array<std::atomic<std::uint32_t>, kPriorities> bounds_{kNoBounds[0], kNoBounds[1], kNoBounds[2], kNoBounds[3]};
    std::atomic<bool> short_of_descriptors_ = false;
    alignas(64) std::atomic<std::uint32_t> in_progress_ = 0;

    mutable std::mutex mutex_;  ///< of what follows
    config::Shed settings_;
    Gradation memory_;
    Gradation descriptors_;
    struct WorkerLag {
        StandingLag standing;
        Gradation gradation;
    };
    std::array<WorkerLag, config::bounds::max_workers> lags_;
};

/// How many requests in progress admit one more of each priority, by priority, where `most` is the bound: the share of
/// it to low ones, halfway from there to normal ones, three quarters to high ones, all to critical ones. Each gets one.
std::array<std::uint32_t, kPriorities> bounds_of_requests(std::uint32_t most, std::uint32_t percent);

}  // namespace adit::resilience
