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

/// What all workers know of the endpoints; of a backend that stands alone, only its own.
std::shared_ptr<Roster> roster_of(const Guards& guards, const std::vector<std::unique_ptr<Endpoint>>& endpoints) {
    if (guards.roster) {
        return guards.roster;
    }
    std::vector<std::string> urls;
    urls.reserve(endpoints.size());
    for (const auto& endpoint : endpoints) {
        urls.push_back(endpoint->text);
    }
    return Roster::plain(urls);
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
      metrics_(std::move(metrics)),
      roster_(roster_of(*guards, endpoints_)),
      spread_(roster_) {
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        endpoints_[i]->index = i;
        endpoints_[i]->vitals = roster_->members()[i].vitals;
    }
}

problem::Failure Backend::nobody(net::Time now) const {
    const std::size_t count = endpoints_.size();
    return problem::no_healthy_endpoint(
        count == 1 ? "the endpoint of backend " + name + " is not healthy"
                   : "none of the " + std::to_string(count) + " endpoints of backend " + name + " is healthy",
        roster_->retry_after(now));
}

}  // namespace adit::backend
