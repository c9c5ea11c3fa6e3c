// What of the connector's resilience outlives all generations: states that a reload must not forget.
#pragma once

#include "connector/backend/held_budget.h"
#include "connector/config/defaults.h"
#include "connector/resilience/overload.h"

namespace adit {

/// Made before the first generation, on the main thread; its parts say from where they are used.
struct Fabric {
    backend::HeldBudget replay{config::defaults::replay_bytes};  ///< of bodies that are kept for a retry; any thread
    resilience::Overload overload;                               ///< any thread
};

}  // namespace adit
