// Guards of backends and routes; see generation_resilience.h.
#include "connector/generation_resilience.h"

#include "connector/generation_circuits.h"

namespace adit {

void make_guards(Generation& made, const Generation::Means& means, const Generation* previous) {
    static_cast<void>(previous);
    for (const config::Backend& backend : made.configuration.backends) {
        auto guards = std::make_shared<backend::Guards>();
        make_circuits(made, backend, *guards, means.fabric);
        made.guards.push_back(std::move(guards));
    }
}

}  // namespace adit
