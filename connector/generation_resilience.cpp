// Guards of backends and routes; see generation_resilience.h.
#include "connector/generation_resilience.h"

namespace adit {

void make_guards(Generation& made, const Generation::Means& means, const Generation* previous) {
    static_cast<void>(means);
    static_cast<void>(previous);
    for (const config::Backend& backend : made.configuration.backends) {
        auto guards = std::make_shared<backend::Guards>();
        guards->bulkhead = made.limits.bulkhead("backend", backend.name);
        made.guards.push_back(std::move(guards));
    }
}

}  // namespace adit
