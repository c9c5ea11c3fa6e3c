// What of the connector's resilience outlives all generations: states that a reload must not forget.
#pragma once

#include <memory>

#include "connector/backend/held_budget.h"
#include "connector/config/defaults.h"
#include "connector/resilience/overload.h"
#include "connector/state/store.h"

namespace adit {

/// Made before the first generation, on the main thread; its parts say from where they are used.
struct Fabric {
    std::unique_ptr<state::Store> state;  ///< never null; it shares nothing where no `state` is configured
    resilience::Overload overload;        ///< any thread
    backend::HeldBudget replay{config::defaults::replay_bytes};  ///< of bodies that are kept for a retry; any thread
};

}  // namespace adit
