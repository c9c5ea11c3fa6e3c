// What stands around a backend for all workers together and outlives reloads: circuits, budgets, bounds, vitals.
#pragma once

#include <memory>
#include <vector>

namespace adit::resilience {
class Bulkhead;
class Circuit;
class RetryBudget;
}  // namespace adit::resilience

namespace adit::backend {

class Roster;

/// Of one backend; what is not configured is null. Made by a generation, shared by the workers' backends of that name.
struct Guards {
    std::shared_ptr<resilience::Circuit> circuit;
    std::vector<std::shared_ptr<resilience::Circuit>> endpoint_circuits;  ///< by endpoint; empty: they have none
    std::shared_ptr<resilience::Bulkhead> bulkhead;
    std::shared_ptr<resilience::RetryBudget> retry_budget;  ///< never null
    std::shared_ptr<Roster> roster;  ///< of the endpoints: health, ejection, load; null: nobody shares that
};

}  // namespace adit::backend
