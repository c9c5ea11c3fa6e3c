// The agent's metrics, one member each.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/metrics/metrics.h"
#include "common/problem/failure.h"

namespace adit::agent {

class AgentMetrics {
  public:
    explicit AgentMetrics(metrics::Registry& registry);

    metrics::Gauge& sessions;
    metrics::Gauge& streams;
    metrics::Counter& streams_total;
    metrics::Counter& probes;

    void refused(const problem::Failure& failure);
    void reconnecting(std::string_view reason);
    void dialled(std::chrono::nanoseconds took);
    /// Bytes of a finished stream: from the connector, and to it.
    void carried(std::uint64_t received, std::uint64_t sent);

  private:
    metrics::Registry& registry_;
    metrics::Counter& received_;
    metrics::Counter& sent_;
    metrics::Histogram& dial_duration_;
};

}  // namespace adit::agent
