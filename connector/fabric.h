// What of the connector's resilience outlives all generations: states that a reload must not forget.
#pragma once

#include <memory>

#include "connector/backend/held_budget.h"
#include "connector/cache/cache.h"
#include "connector/circuit_watch.h"
#include "connector/config/defaults.h"
#include "connector/event/hub.h"
#include "connector/event/webhooks.h"
#include "connector/resilience/circuits.h"
#include "connector/resilience/overload.h"
#include "connector/resilience/reduction.h"
#include "connector/state/shared_circuits.h"
#include "connector/state/store.h"

namespace adit {

/// Made before the first generation, on the main thread; its parts say from where they are used.
struct Fabric {
    Fabric(metrics::Registry& metrics, fetch::Desk& desk)
        : events(EventMetrics(metrics)), webhooks(events, desk, metrics), circuit_watch(events, metrics) {}

    event::Hub events;
    event::Webhooks webhooks;
    CircuitWatch circuit_watch;
    resilience::Circuits circuits{&circuit_watch};
    std::unique_ptr<state::Store> state;  ///< never null; it shares nothing where no `state` is configured
    std::shared_ptr<state::SharedCircuits> shared_circuits;      ///< never null
    resilience::Overload overload;                               ///< any thread
    backend::HeldBudget replay{config::defaults::replay_bytes};  ///< of bodies that are kept for a retry; any thread
    cache::Cache cache{config::CacheStore{}};            ///< any thread; with the bounds of the generation in service
    resilience::Reduction reduction{config::Degrade{}};  ///< likewise with its settings
};

}  // namespace adit
