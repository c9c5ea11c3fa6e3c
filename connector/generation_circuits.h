// The circuits of a generation: which backend, endpoint and route has which.
#pragma once

#include "connector/generation.h"

namespace adit {

/// Those of a backend; the circuits go on where there were some of those names.
void make_circuits(Generation& made, const config::Backend& backend, backend::Guards& guards, Fabric& fabric);
/// Null where the route has none.
std::shared_ptr<resilience::Circuit> make_circuit(Generation& made, const config::RouteRule& rule, Fabric& fabric);
/// This generation's terms count from now on. Called when nothing can fail any more.
void use_circuits(const Generation& generation);

}  // namespace adit
