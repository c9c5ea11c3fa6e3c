// What load shedding counts and shows.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics/metrics.h"

namespace adit {

/// Names come from whoever knows the resources and priorities, in the order of their indices. For any thread.
class ShedMetrics {
  public:
    ShedMetrics(metrics::Registry& registry, const std::vector<std::string_view>& resources,
                const std::vector<std::string_view>& priorities);

    /// A request was refused.
    void shed(std::size_t resource, std::size_t priority) { shed_[resource][priority]->Increment(); }
    /// `share` of it that is used, from 0 to 1; `level`: 0 none, 1 to 4 as priorities are shed.
    void show(std::size_t resource, double share, int level);
    /// Of a worker, as it stands.
    void show_lag(std::size_t worker, double seconds);
    void show_requests(double in_progress) { requests_.Set(in_progress); }

  private:
    metrics::Registry& registry_;
    std::vector<std::vector<metrics::Counter*>> shed_;
    std::vector<metrics::Gauge*> shares_;
    std::vector<metrics::Gauge*> levels_;
    metrics::Gauge& requests_;
};

}  // namespace adit
