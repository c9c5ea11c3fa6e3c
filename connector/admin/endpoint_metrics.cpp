// Names, help texts and labels of endpoints' metrics; see endpoint_metrics.h.
#include "connector/admin/endpoint_metrics.h"

namespace adit {

EndpointMetrics::EndpointMetrics(metrics::Registry& registry, const std::string& backend, const std::string& endpoint)
    : registry_(registry), labels_{{"backend", backend}, {"endpoint", endpoint}}, gauges_(registry, labels_) {}

void EndpointMetrics::show(const Reading& reading) {
    gauges_.set("adit_connector_endpoint_healthy",
                "Whether active checks find the endpoint well; 1 where there are none.", reading.healthy ? 1 : 0);
    gauges_.set("adit_connector_endpoint_ejected", "Whether outlier detection keeps the endpoint away.",
                reading.ejected ? 1 : 0);
    gauges_.set("adit_connector_endpoint_in_flight", "Tries that the endpoint is busy with.", reading.in_flight);
}

void EndpointMetrics::checked(bool good) {
    auto labels = labels_;
    labels.emplace("result", good ? "good" : "failed");
    registry_.counter("adit_connector_health_checks_total", "Active checks of endpoints, by result.", labels)
        .Increment();
}

void EndpointMetrics::ejected(std::string_view ground) {
    auto labels = labels_;
    labels.emplace("reason", ground);
    registry_
        .counter("adit_connector_endpoint_ejections_total", "Times that outlier detection took an endpoint out.",
                 labels)
        .Increment();
}

SpreadMetrics::SpreadMetrics(metrics::Registry& registry, const std::string& backend)
    : panic_(registry.gauge("adit_connector_panic",
                            "Whether so few endpoints are healthy that requests go to ill ones, too.",
                            {{"backend", backend}})),
      requests_(registry.counter("adit_connector_panic_requests_total",
                                 "Requests that began while so few endpoints were healthy that ill ones were used.",
                                 {{"backend", backend}})) {}

}  // namespace adit
