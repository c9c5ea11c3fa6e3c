// Choosing among endpoints; see backend.h.
#include "connector/backend/backend.h"

#include <algorithm>

namespace adit::backend {
namespace {

std::vector<std::string> names_of(const Credentials& credentials) {
    std::vector<std::string> names;
    for (const auto& credential : credentials) {
        names.insert(names.end(), credential->names().begin(), credential->names().end());
    }
    return names;
}

}  // namespace

Backend::Backend(std::string backend_name, const Timeouts& limits, Presentation presented,
                 std::vector<std::unique_ptr<Endpoint>> endpoints, std::shared_ptr<BackendMetrics> metrics,
                 Holding hold, Credentials attached)
    : name(std::move(backend_name)),
      timeouts(limits),
      presentation(std::move(presented)),
      holding(std::move(hold)),
      credentials(std::move(attached)),
      reserved(names_of(credentials)),
      endpoints_(std::move(endpoints)),
      metrics_(std::move(metrics)) {}

Endpoint& Backend::pick(net::Time now, std::size_t first, std::size_t attempt) {
    const std::size_t count = endpoints_.size();
    if (count == 1) {
        return *endpoints_[0];
    }
    const auto at = [&](std::size_t i) -> Endpoint& { return *endpoints_[(first + i) % count]; };
    std::size_t skip = attempt % count;
    for (const bool avoided : {false, true}) {
        for (std::size_t i = 0; i < count; ++i) {
            if ((at(i).avoid_until > now) == avoided && skip-- == 0) {
                return at(i);
            }
        }
    }
    return at(attempt);
}

}  // namespace adit::backend
