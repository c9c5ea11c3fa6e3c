// Asking circuits; see permits.h.
#include "connector/route/permits.h"

namespace adit::route {
namespace {

using Refused = std::optional<resilience::CircuitRefusal>;

Refused ask_one(resilience::Circuit* circuit, resilience::CircuitPermit& permit, resilience::Time now, double uniform) {
    permit = {};
    if (circuit == nullptr) {
        return std::nullopt;
    }
    auto asked = circuit->ask(now, uniform);
    if (!asked) {
        return std::move(asked.error());
    }
    permit = std::move(*asked);
    return std::nullopt;
}

}  // namespace

Refused Permits::ask(resilience::Circuit* route, const backend::Guards& guards, resilience::Time now, double uniform) {
    of_route_ = route;
    if (auto refused = ask_one(route, route_, now, uniform)) {
        return refused;
    }
    return ask_one(guards.circuit.get() != route ? guards.circuit.get() : nullptr, backend_, now, uniform);
}

Refused Permits::ask(const backend::Guards& guards, const backend::Endpoint& endpoint, resilience::Time now,
                     double uniform) {
    const std::size_t index = endpoint.index;
    resilience::Circuit* own =
        index < guards.endpoint_circuits.size() ? guards.endpoint_circuits[index].get() : nullptr;
    return ask_one(own != of_route_ ? own : nullptr, endpoint_, now, uniform);
}

void Permits::record(const resilience::Outcome& outcome, resilience::Time now) {
    for (resilience::CircuitPermit* permit : {&route_, &backend_, &endpoint_}) {
        permit->record(outcome, now);
    }
    *this = {};
}

problem::Failure refused_by(const resilience::CircuitRefusal& refusal) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(refusal.retry_after).count();
    std::string detail = "the circuit " + refusal.circuit + " is open";
    if (!refusal.why.empty()) {
        detail += ": " + refusal.why;
    }
    return problem::circuit_open(std::move(detail), static_cast<int>(std::min<std::int64_t>(seconds, 86'400)));
}

}  // namespace adit::route
