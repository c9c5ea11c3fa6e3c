// Names, help texts and labels; see limit_metrics.h.
#include "connector/admin/limit_metrics.h"

namespace adit {
namespace {

metrics::Counter& limited(metrics::Registry& registry, const std::string& policy, const char* result) {
    return registry.counter("adit_rate_limit_requests_total", "Requests that a rate limit was asked about, by result.",
                            {{"policy", policy}, {"result", result}});
}

metrics::Counter& rejected(metrics::Registry& registry, const std::string& name, const char* reason) {
    return registry.counter("adit_bulkhead_rejected_total", "Requests that got no place in a bulkhead, by reason.",
                            {{"bulkhead", name}, {"reason", reason}});
}

}  // namespace

RateLimitMetrics::RateLimitMetrics(metrics::Registry& registry, const std::string& policy)
    : allowed(limited(registry, policy, "allowed")),
      refused(limited(registry, policy, "refused")),
      would_refuse(limited(registry, policy, "dry-run")),
      banned(limited(registry, policy, "banned")),
      unavailable(limited(registry, policy, "unavailable")),
      refunded(registry.counter("adit_rate_limit_refunded_total",
                                "Requests whose tokens were given back, since the connector itself refused them.",
                                {{"policy", policy}})),
      bans(registry.counter("adit_rate_limit_bans_total", "Callers that were banned.", {{"policy", policy}})),
      forgotten_(registry.counter("adit_rate_limit_forgotten_total",
                                  "Callers that were forgotten before their limits were whole, for want of room.",
                                  {{"policy", policy}})),
      share_(registry.gauge("adit_rate_limit_share", "Share of the limits that counts while the backend is slow.",
                            {{"policy", policy}})) {}

void RateLimitMetrics::show(double forgotten, double share) {
    if (forgotten > forgotten_.Value()) {
        forgotten_.Increment(forgotten - forgotten_.Value());
    }
    share_.Set(share);
}

BulkheadMetrics::BulkheadMetrics(metrics::Registry& registry, const std::string& name)
    : full(rejected(registry, name, "full")),
      timed_out(rejected(registry, name, "timeout")),
      left(rejected(registry, name, "client-left")),
      queued(registry.histogram("adit_bulkhead_queue_seconds", "How long requests waited for a place that they got.",
                                {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}, {{"bulkhead", name}})),
      gauges_(registry, {{"bulkhead", name}}) {}

void BulkheadMetrics::show(double in_progress, double waiting, double limit) {
    gauges_.set("adit_bulkhead_in_progress", "Requests that have a place in a bulkhead now.", in_progress);
    gauges_.set("adit_bulkhead_waiting", "Requests that wait for a place in a bulkhead now.", waiting);
    gauges_.set("adit_bulkhead_limit", "Places of a bulkhead that count now.", limit);
}

}  // namespace adit
