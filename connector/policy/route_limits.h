// The limits that a route names in its policies.
#pragma once

#include <memory>
#include <vector>

#include "connector/policy/places.h"
#include "connector/policy/rate_limit.h"

namespace adit::policy {

/// In the order of the route; the same objects for all routes that name them.
struct RouteLimits {
    std::vector<std::shared_ptr<const RateLimit>> rates;
    std::vector<std::shared_ptr<const CallerBulkhead>> callers;
};

}  // namespace adit::policy
