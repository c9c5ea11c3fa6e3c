// Guards of backends and routes; see generation_resilience.h.
#include "connector/generation_resilience.h"

#include "connector/generation_endpoints.h"

namespace adit {

void make_guards(Generation& made, const Generation::Means& means, const Generation* previous) {
    for (std::size_t i = 0; i < made.configuration.backends.size(); ++i) {
        auto guards = std::make_shared<backend::Guards>();
        guards->roster = make_roster(made, i, means, previous);
        made.guards.push_back(std::move(guards));
    }
}

}  // namespace adit
