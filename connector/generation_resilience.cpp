// Guards of backends and routes; see generation_resilience.h.
#include "connector/generation_resilience.h"

namespace adit {

void make_guards(Generation& made, const Generation::Means& means, const Generation* previous) {
    static_cast<void>(means);
    static_cast<void>(previous);
    for (std::size_t i = 0; i < made.configuration.backends.size(); ++i) {
        made.guards.push_back(std::make_shared<const backend::Guards>());
    }
}

}  // namespace adit
