// Metrics of backends' endpoints: health, ejections, load, and of how requests are spread over them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/metrics/metrics.h"

namespace adit {

/// Per endpoint; its gauges disappear with it. For any thread, but for show().
class EndpointMetrics {
  public:
    EndpointMetrics(metrics::Registry& registry, const std::string& backend, const std::string& endpoint);
    struct Reading {
        bool healthy = true;
        bool ejected = false;
        int in_flight = 0;
    };
    /// On one thread.
    void show(const Reading& reading);
    void checked(bool good);
    void ejected(std::string_view ground);

  private:
    metrics::Registry& registry_;
    metrics::Labels labels_;
    metrics::PassingGauges gauges_;
};

/// Per backend.
class SpreadMetrics {
  public:
    SpreadMetrics(metrics::Registry& registry, const std::string& backend);
    void panics(bool now) { panic_.Set(now ? 1 : 0); }
    void panicked() { requests_.Increment(); }

  private:
    metrics::Gauge& panic_;
    metrics::Counter& requests_;
};

}  // namespace adit
