// What stands around a backend for all workers together and outlives reloads: circuits, budgets, bounds, vitals.
#pragma once

#include <memory>
#include <vector>

namespace adit::resilience {
class Circuit;
class RetryBudget;
}  // namespace adit::resilience

namespace adit::backend {

struct Bulkhead;
class Vitals;

/// Of one backend; what is not configured is null. Made by a generation, shared by the workers' backends of that name.
struct Guards {
    std::shared_ptr<resilience::Circuit> circuit;
    std::vector<std::shared_ptr<resilience::Circuit>> endpoint_circuits;  ///< by endpoint; empty: they have none
    std::shared_ptr<const Bulkhead> bulkhead;
    std::shared_ptr<resilience::RetryBudget> retry_budget;  ///< never null
    std::vector<std::shared_ptr<Vitals>> vitals;            ///< by endpoint: health, ejection, load
};

}  // namespace adit::backend
