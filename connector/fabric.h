// What of the connector's resilience outlives all generations: states that a reload must not forget.
#pragma once

#include <memory>

#include "connector/circuit_watch.h"
#include "connector/event/hub.h"
#include "connector/event/webhooks.h"
#include "connector/resilience/circuits.h"
#include "connector/resilience/overload.h"
#include "connector/state/shared_circuits.h"
#include "connector/state/store.h"

namespace adit {

/// Made before the first generation, on the main thread; its parts say from where they are used.
struct Fabric {
    Fabric(ConnectorMetrics& metrics, fetch::Desk& desk)
        : events(metrics.events()), webhooks(events, desk, metrics), circuit_watch(events, metrics) {}

    event::Hub events;
    event::Webhooks webhooks;
    CircuitWatch circuit_watch;
    resilience::Circuits circuits{&circuit_watch};
    std::unique_ptr<state::Store> state;  ///< never null; it shares nothing where no `state` is configured
    std::shared_ptr<state::SharedCircuits> shared_circuits;  ///< never null
    resilience::Overload overload;                           ///< any thread
};

}  // namespace adit
