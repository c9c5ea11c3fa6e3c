// Prometheus metrics: families by name, handles that callers keep, text exposition. The only includer of prometheus-cpp.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace adit::metrics {

using Labels = std::map<std::string, std::string>;
using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

/// Owns the metrics of a program. Handles live as long as it; using one is atomic, asking for one takes a lock.
class Registry {
  public:
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                         const Labels& labels = {});
    /// `update` runs before each exposition, for gauges that are read and not counted.
    void before_exposition(std::function<void()> update) { updates_.push_back(std::move(update)); }

    /// The text format of Prometheus, version 0.0.4.
    std::string exposition();
    static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  private:
    prometheus::Registry registry_;
    std::vector<std::function<void()>> updates_;
};

}  // namespace adit::metrics
