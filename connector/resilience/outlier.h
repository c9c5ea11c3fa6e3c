// Outlier detection: endpoints whose own traffic says that they are ill get none for a while. Pure; for any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "connector/config/resilience.h"
#include "connector/resilience/outcome.h"

namespace adit::resilience {

/// What the traffic of one endpoint says of it, shared by all workers. Outlives the Outliers that judge it.
struct OutlierRecord {
    std::atomic<std::uint32_t> consecutive{0};  ///< failures
    std::atomic<std::uint32_t> calls{0};        ///< of the interval, as the next three
    std::atomic<std::uint32_t> failures{0};
    std::atomic<std::uint32_t> timed{0};         ///< calls whose latency is known
    std::atomic<std::uint64_t> microseconds{0};  ///< of these, together
    std::atomic<Clock::rep> ejected_until{0};    ///< in the past: since when it is back; 0: it never was away
    std::atomic<std::uint32_t> times{0};         ///< ejected lately; written under the lock
    std::atomic<bool> down{false};               ///< active checks say so: others must not be ejected because of it

    bool ejected(Time now) const { return back() > now; }
    /// When its last ejection ends or ended.
    Time back() const { return Time(Clock::duration(ejected_until.load(std::memory_order_relaxed))); }
};

/// An endpoint that was taken out just now.
struct Ejection {
    enum class Ground : std::uint8_t { consecutive, success_rate, latency };
    std::size_t endpoint = 0;
    Ground ground = Ground::consecutive;
    std::chrono::milliseconds lasts{};
    std::uint32_t times = 1;     ///< in a row, this one included
    std::uint32_t measured = 0;  ///< failures in a row; percent of successes; percent of the others' median latency
};
std::string_view name(Ejection::Ground ground);

/// Judges the endpoints of one backend. A success costs a load, and a few additions where rates are configured; a lock
/// is taken only when somebody may have to go, or an interval ends.
class Outliers {
  public:
    /// `guard` is the same for all judges of these records: those of a generation that ends, and of the next.
    Outliers(const config::Outlier& settings, std::vector<std::shared_ptr<OutlierRecord>> records,
             std::shared_ptr<std::mutex> guard);

    /// The end of a try. Answers who is ejected because of it, mostly nobody. `uniform`, from [0, 1), spreads returns.
    std::vector<Ejection> record(std::size_t endpoint, const Outcome& outcome, Time now, double uniform);
    /// How many may be away at once: a share of them, but one where there are two, and never the last.
    std::size_t most() const;

  private:
    bool count(OutlierRecord& record, const Outcome& outcome) const;
    bool eject(std::size_t endpoint, Ejection::Ground ground, std::uint32_t measured, Time now, double uniform,
               std::vector<Ejection>& gone);
    void look_at_rates(Time now, double uniform, std::vector<Ejection>& gone);
    void look_at_latencies(Time now, double uniform, std::vector<Ejection>& gone);
    bool may_go(std::size_t endpoint, Time now) const;
    void end_interval();

    const config::Outlier settings_;
    const std::vector<std::shared_ptr<OutlierRecord>> records_;
    const std::shared_ptr<std::mutex> guard_;
    const bool rates_;  ///< success rate or latency are looked at
    std::atomic<Clock::rep> interval_ends_{0};
};

}  // namespace adit::resilience
