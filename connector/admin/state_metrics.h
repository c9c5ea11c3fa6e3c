// Metrics of what connectors share.
#pragma once

#include <string_view>

#include "common/metrics/metrics.h"

namespace adit {

/// Of all workers together.
struct StateMetrics {
    explicit StateMetrics(metrics::Registry& registry);
    /// A round trip that came to nothing: late, refused, away.
    metrics::Counter& failed(std::string_view reason);

    metrics::Gauge& answers;             ///< 1: the store can be reached
    metrics::Histogram& round_trip;      ///< seconds
    metrics::Counter& not_asked;         ///< nobody waited for a store that does not answer
    metrics::Counter& connection_lost;   ///< or not made
    metrics::Counter& fallback_limits;   ///< decisions of rate limits that were made here alone
    metrics::Counter& refused_limits;    ///< those that were refused for that reason
    metrics::Counter& lease_served;      ///< decisions from tokens that were here
    metrics::Counter& lease_fetched;     ///< tokens fetched ahead
    metrics::Counter& lease_returned;    ///< tokens given back unused
    metrics::Counter& circuits_adopted;  ///< states of circuits that others had brought about

  private:
    metrics::Registry& registry_;
};

}  // namespace adit
