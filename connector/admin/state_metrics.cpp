// Names and help texts; see state_metrics.h.
#include "connector/admin/state_metrics.h"

#include <array>

namespace adit {
namespace {

constexpr std::array kRoundTrips{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5};
constexpr const char* kTokens = "adit_state_lease_tokens_total";
constexpr const char* kTokensHelp = "Tokens of rate limits that were fetched ahead, served, and returned unused.";
constexpr const char* kAlone = "adit_state_fallbacks_total";
constexpr const char* kAloneHelp = "Decisions of rate limits while the store was out of reach, by what came of it.";

}  // namespace

StateMetrics::StateMetrics(metrics::Registry& registry)
    : answers(registry.gauge("adit_state_answers", "Whether the store that connectors share answers.")),
      round_trip(registry.histogram("adit_state_round_trip_seconds", "Round trips to the store.",
                                    {kRoundTrips.begin(), kRoundTrips.end()})),
      not_asked(registry.counter("adit_state_not_asked_total",
                                 "Decisions for which the store was not asked, because it does not answer.")),
      connection_lost(
          registry.counter("adit_state_connections_lost_total", "Connections to the store that ended or failed.")),
      fallback_limits(registry.counter(kAlone, kAloneHelp, {{"fail", "open"}})),
      refused_limits(registry.counter(kAlone, kAloneHelp, {{"fail", "closed"}})),
      lease_served(registry.counter(kTokens, kTokensHelp, {{"what", "served"}})),
      lease_fetched(registry.counter(kTokens, kTokensHelp, {{"what", "fetched"}})),
      lease_returned(registry.counter(kTokens, kTokensHelp, {{"what", "returned"}})),
      circuits_adopted(registry.counter("adit_state_circuits_adopted_total",
                                        "Changes of circuits that came from other connectors.")),
      registry_(registry) {}

metrics::Counter& StateMetrics::failed(std::string_view reason) {
    return registry_.counter("adit_state_failures_total", "Round trips to the store that failed, by reason.",
                             {{"reason", std::string(reason)}});
}

}  // namespace adit
