// What the circuits on a request's way say to one try of it.
#pragma once

#include <expected>
#include <optional>

#include "connector/backend/backend.h"
#include "connector/resilience/circuit.h"

namespace adit::route {

/// The right to call, of the circuits of a route, its backend and an endpoint; any of them may be none, or, by its id,
/// the same as another: it is asked once. What is dropped without record() has said nothing.
class Permits {
  public:
    /// Of those that every endpoint has in common.
    std::optional<resilience::CircuitRefusal> ask(resilience::Circuit* route, const backend::Guards& guards,
                                                  resilience::Time now, double uniform);
    /// Of one endpoint.
    std::optional<resilience::CircuitRefusal> ask(const backend::Guards& guards, const backend::Endpoint& endpoint,
                                                  resilience::Time now, double uniform);
    void record(const resilience::Outcome& outcome, resilience::Time now);
    bool has_probe() const { return route_.is_probe() || backend_.is_probe() || endpoint_.is_probe(); }

  private:
    const resilience::Circuit* of_route_ = nullptr;
    resilience::CircuitPermit route_;
    resilience::CircuitPermit backend_;
    resilience::CircuitPermit endpoint_;
};

/// The answer to who meets an open circuit.
problem::Failure refused_by(const resilience::CircuitRefusal& refusal);

}  // namespace adit::route
