// Choosing among endpoints; see backend.h.
#include "connector/backend/backend.h"

namespace adit::backend {
namespace {

std::vector<std::string> names_of(const Credentials& credentials, const std::string& deadline_field) {
    std::vector<std::string> names;
    if (!deadline_field.empty()) {
        names.push_back(deadline_field);
    }
    for (const auto& credential : credentials) {
        names.insert(names.end(), credential->names().begin(), credential->names().end());
    }
    return names;
}

}  // namespace

Backend::Backend(std::string backend_name, const Timeouts& limits, Presentation presented,
                 std::vector<std::unique_ptr<Endpoint>> endpoints, std::shared_ptr<BackendMetrics> metrics,
                 Holding hold, Credentials attached, std::shared_ptr<const Guards> guarded_by)
    : name(std::move(backend_name)),
      timeouts(limits),
      presentation(std::move(presented)),
      holding(std::move(hold)),
      credentials(std::move(attached)),
      reserved(names_of(credentials, presentation.deadline_field)),
      guards(std::move(guarded_by)),
      endpoints_(std::move(endpoints)),
      metrics_(std::move(metrics)) {
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        endpoints_[i]->ordinal = i + 1;
    }
}

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
