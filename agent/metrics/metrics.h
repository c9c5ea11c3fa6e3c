// The agent's metrics, one member each.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/metrics/metrics.h"
#include "common/problem/failure.h"

namespace adit::agent {

/// How the device on the way to one address of a connector fares.
struct WireGuardWay {
    std::string endpoint;
    unsigned seat = 0;
    std::optional<std::chrono::nanoseconds> handshake_age{};
    std::uint64_t received = 0;  ///< bytes, since the device was made
    std::uint64_t sent = 0;
};

class AgentMetrics {
  public:
    explicit AgentMetrics(metrics::Registry& registry);

    metrics::Gauge& streams;
    metrics::Counter& streams_total;
    metrics::Counter& probes;

    /// Those over "tls" or "wireguard".
    metrics::Gauge& sessions(std::string_view transport);
    /// How often the other transport has been taken since the preferred one failed, in all.
    void fell_back(unsigned times);
    /// The ways over WireGuard that there are now; the gauges of others disappear.
    void wireguard(const std::vector<WireGuardWay>& ways);
    void refused(const problem::Failure& failure);
    /// At the status address; `reason` as status::name_of() has it.
    void refused_status(std::string_view reason);
    void reconnecting(std::string_view reason);
    /// A session over this transport ended; `reason` is of its end in words, as the connector counts it too.
    void session_closed(std::string_view transport, std::string reason);
    void dialled(std::chrono::nanoseconds took);
    /// Bytes of a finished stream: from the connector, and to it.
    void carried(std::uint64_t received, std::uint64_t sent);

  private:
    metrics::Registry& registry_;
    metrics::Counter& received_;
    metrics::Counter& sent_;
    metrics::Histogram& dial_duration_;
    metrics::Counter& fallbacks_;
    std::map<std::string, std::unique_ptr<metrics::PassingGauges>> ways_;  ///< by endpoint and seat
};

}  // namespace adit::agent
