// The bulkheads of a policy's callers, one each, found by the hash of who calls.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "connector/resilience/bulkhead.h"

namespace adit::resilience {

/// Any thread. Of callers who have nothing in progress nothing is kept beyond `callers`; more than so many at once
/// cannot be told apart any more and are turned away.
class BulkheadTable {
  public:
    explicit BulkheadTable(std::size_t callers) : most_(std::max<std::size_t>(1, callers / kShards)) {}

    /// Null: there are too many.
    std::shared_ptr<Bulkhead> find_or_make(std::uint64_t caller);

    struct Sum {
        std::uint64_t callers = 0;  ///< with something in progress
        std::uint64_t in_progress = 0;
        std::uint64_t waiting = 0;
        std::uint32_t most = 0;  ///< in progress of one caller
    };
    Sum sum() const;

  private:
    static constexpr std::size_t kShards = 16;
    struct alignas(64) Shard {
        mutable std::mutex mutex;  ///< held for the time of a search
        std::unordered_map<std::uint64_t, std::shared_ptr<Bulkhead>> callers;
    };
    static void forget_idle(Shard& shard);

    const std::size_t most_;  ///< of one shard
    std::array<Shard, kShards> shards_;
};

}  // namespace adit::resilience
