// Names and terms of circuits; see generation_circuits.h.
#include "connector/generation_circuits.h"

#include <algorithm>

namespace adit {
namespace {

/// How long a probe may take before it is given up: until its answer has to have begun.
std::chrono::milliseconds probe_time(const config::Timeouts& timeouts) {
    return timeouts.per_try.count() > 0      ? timeouts.per_try
           : timeouts.first_byte.count() > 0 ? timeouts.connect + timeouts.first_byte
                                             : std::chrono::milliseconds(0);
}

/// Of circuits with one id, which all have the same settings, the first one's terms count.
std::shared_ptr<resilience::Circuit> add(Generation& made, const std::string& own_name, const config::Circuit& settings,
                                         const config::Timeouts& timeouts, Fabric& fabric) {
    const std::string name = settings.id.empty() ? own_name : "id:" + settings.id;
    const auto known =
        std::ranges::find_if(made.circuits, [&](const UsedCircuit& one) { return one.circuit->name() == name; });
    if (known != made.circuits.end()) {
        return known->circuit;
    }
    const resilience::CircuitTerms terms{settings, probe_time(timeouts)};
    return made.circuits.emplace_back(fabric.circuits.get(name, terms), terms).circuit;
}

}  // namespace

void make_circuits(Generation& made, const config::Backend& backend, backend::Guards& guards, Fabric& fabric) {
    if (!backend.circuit) {
        return;
    }
    if (backend.circuit->per == config::Circuit::Per::backend) {
        guards.circuit = add(made, "backend:" + backend.name, *backend.circuit, backend.timeouts, fabric);
        return;
    }
    for (const config::Endpoint& endpoint : backend.endpoints) {
        guards.endpoint_circuits.push_back(
            add(made, "endpoint:" + backend.name + ":" + endpoint.text(), *backend.circuit, backend.timeouts, fabric));
    }
}

std::shared_ptr<resilience::Circuit> make_circuit(Generation& made, const config::RouteRule& rule, Fabric& fabric) {
    return rule.circuit ? add(made, "route:" + rule.name, *rule.circuit,
                              rule.timeouts.over(made.configuration.timeouts.over({})), fabric)
                        : nullptr;
}

void use_circuits(const Generation& generation) {
    for (const UsedCircuit& one : generation.circuits) {
        one.circuit->use(one.terms, resilience::Clock::now());
    }
}

}  // namespace adit
