// What a configuration says of caches, fallbacks and doing with less: compiled once, then only read by all workers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "connector/admin/degrading_metrics.h"
#include "connector/cache/cache.h"
#include "connector/config/config.h"
#include "connector/policy/fallback.h"
#include "connector/resilience/reduction.h"

namespace adit::policy {

struct Degrading {
    cache::Cache* cache = nullptr;  ///< outlives generations, as the next
    resilience::Reduction* reduction = nullptr;
    std::shared_ptr<ReductionMetrics> reduction_metrics;

    struct OfBackend {
        std::optional<config::Cache> cache;
        std::optional<Fallback> fallback;
        bool kept = false;  ///< some route keeps answers of it
    };
    std::vector<OfBackend> backends;  ///< by backend
    struct OfRoute {
        std::shared_ptr<CacheMetrics> cache;  ///< null: its answers are never kept
        std::optional<Fallback> fallback;
        bool rescues = false;  ///< there is a cache or a fallback around the calls behind it
    };
    std::vector<OfRoute> routes;  ///< by route
};

}  // namespace adit::policy
