// The tokens of one policy's callers in this process, exact over all workers.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "connector/resilience/limiter.h"

namespace adit::resilience {

/// A row for each caller that has taken something lately, found by the hash of its key. Rows are in sets of eight; a
/// caller whose windows are whole again is as good as forgotten, so that its row is free. Above `callers` rows the one
/// of a full set that is next to be whole goes, and its caller begins anew: that is counted.
class LocalLimiter final : public Limiter {
  public:
    /// `windows`: the most that any tier has.
    LocalLimiter(std::size_t windows, std::size_t callers);

    std::optional<LimitVerdict> take(const LimitKey& key, const Limits& limits, Demand demand, Time now) override;
    void ask(const LimitKey& key, const Limits& limits, Demand demand, Time now,
             std::function<void(LimitVerdict)> told) override;
    void give_back(const LimitKey& key, const Limits& limits, Demand demand, LimitVerdict::Counted from,
                   Time now) override;

    std::size_t windows() const { return windows_; }
    /// Callers that were forgotten before their windows were whole.
    std::uint64_t forgotten() const { return forgotten_.load(std::memory_order_relaxed); }
    std::size_t rows() const;

  private:
    static constexpr std::size_t kShards = 64;
    static constexpr std::size_t kSet = 8;
    /// Where what stands in a row; arrival times of the windows follow.
    enum Cell : std::size_t { hash, refusals, refusals_until, banned_until, arrivals };
    using Row = std::span<std::int64_t>;

    struct alignas(64) Shard {
        mutable std::mutex mutex;         ///< held for the time of some comparisons
        std::vector<std::int64_t> cells;  ///< rows in sets; a power of two of sets
    };

    Shard& shard_of(std::uint64_t hash) { return shards_[hash % kShards]; }
    Row row(Shard& shard, std::size_t index) const;
    std::size_t first_of_set(const Shard& shard, std::uint64_t hash) const;
    std::optional<Row> find(Shard& shard, std::uint64_t hash) const;
    Row find_or_make(Shard& shard, std::uint64_t hash, ArrivalTime now);
    bool grow(Shard& shard);
    static ArrivalTime last_time(Row row);
    static bool is_free(Row row, ArrivalTime now);
    LimitVerdict decide(Row row, const Limits& limits, Demand demand, ArrivalTime now) const;
    static LimitVerdict refuse(Row row, const Limits& limits, LimitVerdict verdict, ArrivalTime now);

    const std::size_t windows_;
    const std::size_t stride_;
    const std::size_t rows_most_;  ///< of one shard
    std::array<Shard, kShards> shards_;
    std::atomic<std::uint64_t> forgotten_ = 0;
};

}  // namespace adit::resilience
