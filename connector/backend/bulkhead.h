// A bulkhead as a generation has it: the places, which outlive it, and how many there are by its settings.
#pragma once

#include <memory>
#include <string>

#include "connector/admin/limit_metrics.h"
#include "connector/config/resilience.h"
#include "connector/resilience/bulkhead.h"

namespace adit::backend {

struct Bulkhead {
    std::string name;  ///< "backend:payments", "route:all", "policy:few"
    config::Bulkhead bounds;
    std::shared_ptr<resilience::Bulkhead> places;  ///< null of a policy, whose callers have one each
    std::shared_ptr<BulkheadMetrics> metrics;

    /// The one that counts now.
    std::uint32_t limit() const {
        const std::uint32_t found = places->limit();
        return found == 0 || !bounds.adaptive ? bounds.concurrent : found;
    }
};

}  // namespace adit::backend
