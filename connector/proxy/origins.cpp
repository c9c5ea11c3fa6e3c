// Making and keeping the backends; see origins.h.
#include "connector/proxy/origins.h"

#include "connector/tunnel/dialer.h"

namespace adit::proxy {

std::shared_ptr<backend::Backend> Origins::at(std::string_view service, const backend::Timeouts& timeouts) {
    const auto found = index_.find(service);
    if (found != index_.end()) {
        lately_.splice(lately_.begin(), lately_, found->second);
        return lately_.front().backend;
    }
    if (lately_.size() == kMost) {
        index_.erase(lately_.back().service);
        lately_.pop_back();
    }
    lately_.push_front({std::string(service), make(service, timeouts)});
    index_.emplace(service, lately_.begin());
    return lately_.front().backend;
}

void Origins::clear() {
    index_.clear();
    lately_.clear();
}

std::shared_ptr<backend::Backend> Origins::make(std::string_view service, const backend::Timeouts& timeouts) {
    const std::string name(service);
    const std::string text = "service://" + name;
    const std::shared_ptr<BackendMetrics> metrics = pool_.metrics().backend(text);
    std::vector<std::unique_ptr<backend::Endpoint>> endpoints;
    endpoints.push_back(std::make_unique<backend::Endpoint>(text, std::make_unique<tunnel::TunnelDialer>(pool_, name),
                                                            backend::Versions::http1, pool_.loop(), *metrics,
                                                            std::make_shared<backend::Reach>()));
    return std::make_shared<backend::Backend>(text, timeouts, backend::Presentation{}, std::move(endpoints), metrics);
}

}  // namespace adit::proxy
