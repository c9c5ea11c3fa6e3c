// Metrics of events, of their webhooks, and of circuits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/metrics/metrics.h"

namespace adit {

class EventMetrics {
  public:
    explicit EventMetrics(metrics::Registry& registry) : registry_(&registry) {}
    void told(std::string_view kind) const;

  private:
    metrics::Registry* registry_;
};

/// Per webhook.
struct WebhookMetrics {
    WebhookMetrics(metrics::Registry& registry, const std::string& webhook);
    metrics::Counter& delivered;
    metrics::Counter& failed;    ///< tries
    metrics::Counter& given_up;  ///< events, after many tries
    metrics::Counter& crowded;   ///< events that a full queue had no room for, or that a reload left without a webhook
    metrics::Gauge& waiting;     ///< events
};

/// Per circuit; its gauge disappears with it. One thread.
class CircuitMetrics {
  public:
    CircuitMetrics(metrics::Registry& registry, const std::string& circuit);
    /// `state`: 0 closed, 1 recovering, 2 half open, 3 open; `refused`: calls, ever.
    void show(int state, std::uint64_t refused);

  private:
    metrics::Counter& refused_;
    metrics::PassingGauges gauges_;
    std::uint64_t shown_ = 0;
};

/// One change of a circuit.
void count_circuit_change(metrics::Registry& registry, std::string_view circuit, std::string_view to);

}  // namespace adit
