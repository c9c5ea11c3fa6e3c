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

PassingGauges::~PassingGauges() {
    for (const auto& [name, shown] : shown_) {
        shown.family->Remove(shown.gauge);
    }
}

void PassingGauges::set(const std::string& name, const std::string& help, double value) {
    Shown& shown = shown_[name];
    if (shown.gauge == nullptr) {
        shown.family = &prometheus::BuildGauge().Name(name).Help(help).Register(registry_.registry_);
        shown.gauge = &shown.family->Add(labels_);
    }
    shown.gauge->Set(value);
}

std::string Registry::exposition() {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace adit::metrics
