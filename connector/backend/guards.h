// What stands around a backend for all workers together and outlives reloads: circuits, budgets, bounds, vitals.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "connector/config/resilience.h"

namespace adit::resilience {
class Circuit;
class Hedging;
class RetryBudget;
}  // namespace adit::resilience

namespace adit::backend {

class HeldBudget;
struct Bulkhead;
class Roster;

/// Of one backend; what is not configured is null. Made by a generation, shared by the workers' backends of that name.
struct Guards {
    std::shared_ptr<resilience::Circuit> circuit;
    std::vector<std::shared_ptr<resilience::Circuit>> endpoint_circuits;  ///< by endpoint; empty: they have none
    std::optional<config::Retry> retry;                                   ///< of routes that have none of their own
    std::shared_ptr<resilience::RetryBudget> retry_budget;                ///< null: nobody counts
    std::shared_ptr<resilience::Hedging> hedging;                         ///< where `retry` says so
    HeldBudget* replay = nullptr;  ///< of bodies that are kept for a retry; the process's
    std::shared_ptr<const Bulkhead> bulkhead;
    std::shared_ptr<Roster> roster;  ///< of the endpoints: health, ejection, load; null: nobody shares that
};

}  // namespace adit::backend
