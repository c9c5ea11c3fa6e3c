// What becomes of a change of a circuit: a count, an event, and word to the fleet.
#pragma once

#include <atomic>

#include "connector/admin/event_metrics.h"
#include "connector/event/hub.h"
#include "connector/resilience/circuit.h"

namespace adit {

/// Any thread, as circuits call it.
class CircuitWatch final : public resilience::CircuitWatcher {
  public:
    CircuitWatch(event::Hub& events, metrics::Registry& metrics) : events_(events), metrics_(metrics) {}

    /// Who tells other connectors, and asks them for probes; it outlives the circuits. Null: there are none.
    void share_by(resilience::CircuitWatcher* fleet) { fleet_.store(fleet, std::memory_order_release); }

    void changed(const resilience::CircuitChange& change) override;
    bool may_probe(std::string_view circuit) override;
    void counted(std::string_view circuit) override;

  private:
    event::Hub& events_;
    metrics::Registry& metrics_;
    std::atomic<resilience::CircuitWatcher*> fleet_ = nullptr;
};

}  // namespace adit
