// Prometheus metrics: families by name, handles that callers keep, text exposition. The only includer of
// prometheus-cpp.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>
#include <vector>

namespace adit::metrics {

using Labels = std::map<std::string, std::string>;
using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

/// Owns the metrics of a program. Handles live as long as it and are for any thread. Using a counter or gauge is one
/// atomic operation, observing with a histogram an uncontended lock, asking for a handle a lock and a search: callers
/// on the path of a request keep theirs. Shards per worker, summed at each scrape, would save a few dozen nanoseconds
/// of a request.
class Registry {
  public:
    Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
    Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {});
    Histogram& histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                         const Labels& labels = {});
    /// The text format of Prometheus, version 0.0.4.
    std::string exposition();
    static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  private:
    friend class PassingGauges;
    prometheus::Registry registry_;
};

/// Gauges with the same labels of something that comes and goes: they disappear with this. Of each set of labels there
/// is one at a time.
class PassingGauges {
  public:
    PassingGauges(Registry& registry, Labels labels) : registry_(registry), labels_(std::move(labels)) {}
    PassingGauges(const PassingGauges&) = delete;
    PassingGauges& operator=(const PassingGauges&) = delete;
    ~PassingGauges();

    void set(const std::string& name, const std::string& help, double value);

  private:
    struct Shown {
        prometheus::Family<Gauge>* family;
        Gauge* gauge;
    };
    Registry& registry_;
    Labels labels_;
    std::map<std::string, Shown> shown_;  ///< by name
};

}  // namespace adit::metrics
