// Changes of circuits as events; see circuit_watch.h.
#include "connector/circuit_watch.h"

namespace adit {
namespace {

using resilience::CircuitState;

event::Kind kind_of(const resilience::CircuitChange& change) {
    using enum config::EventKind;
    if (change.by_operator) {
        return circuit_forced;
    }
    switch (change.to) {
        case CircuitState::open:
            return circuit_opened;
        case CircuitState::half_open:
            return circuit_half_open;
        case CircuitState::recovering:
            return circuit_recovering;
        case CircuitState::closed:
            break;
    }
    return circuit_closed;
}

}  // namespace

void CircuitWatch::changed(const resilience::CircuitChange& change) {
    count_circuit_change(
        metrics_, change.circuit,
        change.by_operator ? "forced_" + std::string(name(change.forced)) : std::string(name(change.to)));
    event::Event event{.kind = kind_of(change),
                       .subject = std::string(change.circuit),
                       .reason = change.why,
                       .details = {{"circuit", std::string(change.circuit)},
                                   {"state", std::string(name(change.to))},
                                   {"before", std::string(name(change.from))},
                                   {"forced", std::string(name(change.forced))},
                                   {"generation", static_cast<std::int64_t>(change.generation)},
                                   {"by_other_connector", change.remote}}};
    if (change.to == CircuitState::open && !change.by_operator) {
        event.details.emplace_back("cooldown_ms", static_cast<std::int64_t>(change.cooldown.count()));
    }
    events_.tell(event);
    if (auto* fleet = fleet_.load(std::memory_order_acquire)) {
        fleet->changed(change);
    }
}

bool CircuitWatch::may_probe(std::string_view circuit) {
    auto* fleet = fleet_.load(std::memory_order_acquire);
    return fleet == nullptr || fleet->may_probe(circuit);
}

void CircuitWatch::counted(std::string_view circuit) {
    if (auto* fleet = fleet_.load(std::memory_order_acquire)) {
        fleet->counted(circuit);
    }
}

}  // namespace adit
