// Metrics of rate limits and bulkheads.
#pragma once

#include <string>

#include "common/metrics/metrics.h"

namespace adit {

/// Per rate limit policy.
struct RateLimitMetrics {
    RateLimitMetrics(metrics::Registry& registry, const std::string& policy);
    metrics::Counter& allowed;
    metrics::Counter& refused;
    metrics::Counter& would_refuse;  ///< in a dry run
    metrics::Counter& banned;        ///< refused since their caller is banned
    metrics::Counter& unavailable;   ///< refused since the store was out of reach
    metrics::Counter& refunded;      ///< whose tokens were given back
    metrics::Counter& bans;          ///< callers who were banned
    /// At a scrape: callers that were forgotten for want of room so far; the share of the limits that counts.
    void show(double forgotten, double share);

  private:
    metrics::Counter& forgotten_;
    metrics::Gauge& share_;
};

/// Per bulkhead; its gauges disappear with it.
struct BulkheadMetrics {
    /// `name`: as backend::Bulkhead has it.
    BulkheadMetrics(metrics::Registry& registry, const std::string& name);
    metrics::Counter& full;       ///< refused: neither a place nor room in the queue
    metrics::Counter& timed_out;  ///< refused: the queue took too long
    metrics::Counter& left;       ///< clients that left the queue
    metrics::Histogram& queued;   ///< seconds in the queue of those who got a place
    /// At a scrape.
    void show(double in_progress, double waiting, double limit);

  private:
    metrics::PassingGauges gauges_;
};

}  // namespace adit
