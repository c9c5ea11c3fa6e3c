// The registry; see metrics.h.
#include "common/metrics/metrics.h"

#include <prometheus/text_serializer.h>

namespace adit::metrics {

Counter& Registry::counter(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, const Labels& labels) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels);
}

Histogram& Registry::histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                               const Labels& labels) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(labels, bounds);
}

std::string Registry::exposition() {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace adit::metrics
