// Choosing among endpoints; see backend.h.
#include "connector/backend/backend.h"

namespace adit::backend {

Backend::Backend(std::string backend_name, const Timeouts& limits, Presentation presented,
                 std::vector<std::unique_ptr<Endpoint>> endpoints, std::shared_ptr<BackendMetrics> metrics)
    : name(std::move(backend_name)),
      timeouts(limits),
      presentation(std::move(presented)),
      endpoints_(std::move(endpoints)),
      metrics_(std::move(metrics)) {}

Backend::Order Backend::next_order(net::Time now) {
    const std::size_t count = endpoints_.size();
    Order order;
    const std::size_t first = next_++;
    for (const bool avoided : {false, true}) {
        for (std::size_t i = 0; i < count; ++i) {
            Endpoint* one = endpoints_[(first + i) % count].get();
            if ((one->avoid_until > now) == avoided) {
                order.push_back(one);
            }
        }
    }
    return order;
}

}  // namespace adit::backend
