// Finding, and forgetting who has gone; see bulkhead_table.h.
#include "connector/resilience/bulkhead_table.h"

#include <algorithm>

namespace adit::resilience {

/// Nobody else holds it, so nobody is in it: holders are made under the shard's lock only.
void BulkheadTable::forget_idle(Shard& shard) {
    std::erase_if(shard.callers, [](const auto& entry) { return entry.second.use_count() == 1; });
}

std::shared_ptr<Bulkhead> BulkheadTable::find_or_make(std::uint64_t caller) {
    Shard& shard = shards_[caller % kShards];
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.callers.find(caller); found != shard.callers.end()) {
        return found->second;
    }
    if (shard.callers.size() >= most_) {
        forget_idle(shard);
    }
    if (shard.callers.size() >= most_) {
        return nullptr;
    }
    return shard.callers.emplace(caller, std::make_shared<Bulkhead>()).first->second;
}

BulkheadTable::Sum BulkheadTable::sum() const {
    Sum sum;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (const auto& [caller, bulkhead] : shard.callers) {
            const std::uint32_t in_progress = bulkhead->in_progress();
            sum.callers += in_progress > 0 ? 1 : 0;
            sum.in_progress += in_progress;
            sum.waiting += bulkhead->waiting();
            sum.most = std::max(sum.most, in_progress);
        }
    }
    return sum;
}

}  // namespace adit::resilience
