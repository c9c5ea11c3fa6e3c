// What a route says about the calls behind it: compiled once, then only read by all workers.
#pragma once

#include <memory>
#include <optional>

#include "connector/config/config.h"
#include "connector/route/forward.h"

namespace adit::resilience {
class Circuit;
class Hedging;
class RetryBudget;
}  // namespace adit::resilience

namespace adit::backend {
struct Bulkhead;
}  // namespace adit::backend

namespace adit::policy {

struct RouteLimits;

/// Of one route, in a generation.
struct RouteTerms {
    config::TimeoutSettings timeouts;    ///< over those of the backend
    std::optional<config::Retry> retry;  ///< instead of the backend's, as the next two
    std::optional<config::Cache> cache;
    std::optional<config::Fallback> fallback;
    std::uint32_t cost = 1;  ///< in tokens of rate limits
    bool essential = true;
    config::Priority priority = config::Priority::normal;
    std::shared_ptr<resilience::Circuit> circuit = {};           ///< besides the backend's; null: none
    std::shared_ptr<resilience::RetryBudget> retry_budget = {};  ///< where the route has retries of its own
    std::shared_ptr<resilience::Hedging> hedging = {};           ///< as that
    std::shared_ptr<const backend::Bulkhead> bulkhead = {};      ///< besides the backend's; null: none
    std::shared_ptr<const RouteLimits> limits = {};              ///< of callers; null: none

    static RouteTerms of(const config::RouteRule& rule) {
        return {rule.timeouts, rule.retry, rule.cache, rule.fallback, rule.cost, rule.essential, rule.priority};
    }
};

}  // namespace adit::policy
