// Names of the metrics of load shedding; see shed_metrics.h.
#include "connector/admin/shed_metrics.h"

namespace adit {

ShedMetrics::ShedMetrics(metrics::Registry& registry, const std::vector<std::string_view>& resources,
                         const std::vector<std::string_view>& priorities)
    : registry_(registry),
      requests_(registry.gauge("adit_connector_requests_in_progress", "Requests that are being served now.")) {
    for (const std::string_view resource : resources) {
        const metrics::Labels labels{{"resource", std::string(resource)}};
        shares_.push_back(&registry.gauge("adit_connector_overload_share",
                                          "How much is used of a resource; 1 is all of it.", labels));
        levels_.push_back(&registry.gauge("adit_connector_overload_level",
                                          "Up to which priority requests are shed for want of a resource: 0 none, 1 "
                                          "low, 2 normal, 3 high, 4 all.",
                                          labels));
        auto& counters = shed_.emplace_back();
        for (const std::string_view priority : priorities) {
            counters.push_back(&registry.counter(
                "adit_connector_shed_total", "Requests that were refused for want of a resource, by their priority.",
                {{"resource", std::string(resource)}, {"priority", std::string(priority)}}));
        }
    }
}

void ShedMetrics::show(std::size_t resource, double share, int level) {
    shares_[resource]->Set(share);
    levels_[resource]->Set(level);
}

void ShedMetrics::show_lag(std::size_t worker, double seconds) {
    registry_
        .gauge("adit_connector_worker_lag_seconds", "How late a worker does what it is asked to do.",
               {{"worker", std::to_string(worker)}})
        .Set(seconds);
}

}  // namespace adit
