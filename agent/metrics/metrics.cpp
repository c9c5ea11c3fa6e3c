// Names and help texts of the agent's metrics; see metrics.h.
#include "agent/metrics/metrics.h"

namespace adit::agent {

AgentMetrics::AgentMetrics(metrics::Registry& registry)
    : streams(registry.gauge("adit_agent_streams", "Tunnelled connections that are open now.")),
      streams_total(registry.counter("adit_agent_streams_total", "Tunnelled connections that were asked for.")),
      probes(registry.counter("adit_agent_probes_total", "Probes of connectors that were answered.")),
      registry_(registry),
      received_(registry.counter("adit_agent_received_bytes_total", "Bytes carried from connectors to private hosts.")),
      sent_(registry.counter("adit_agent_sent_bytes_total", "Bytes carried from private hosts to connectors.")),
      dial_duration_(registry.histogram("adit_agent_dial_duration_seconds",
                                        "Time to resolve and connect to private hosts.",
                                        {0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10})),
      fallbacks_(registry.counter("adit_agent_transport_fallbacks_total",
                                  "Times that TLS did not reach the connector and WireGuard was taken.")) {
    sessions("tls");
}

metrics::Gauge& AgentMetrics::sessions(std::string_view transport) {
    return registry_.gauge("adit_agent_sessions", "Sessions with connectors that are open now.",
                           {{"transport", std::string(transport)}});
}

void AgentMetrics::fell_back(unsigned times) {
    fallbacks_.Increment(times - fallbacks_.Value());
}

void AgentMetrics::wireguard(const std::vector<WireGuardWay>& ways) {
    std::map<std::string, std::unique_ptr<metrics::PassingGauges>> shown;
    for (const WireGuardWay& way : ways) {
        const std::string seat = std::to_string(way.seat);
        const std::string id = way.endpoint + " " + seat;
        auto& gauges = shown[id];
        gauges = std::move(ways_[id]);
        if (!gauges) {
            gauges = std::make_unique<metrics::PassingGauges>(
                registry_, metrics::Labels{{"endpoint", way.endpoint}, {"seat", seat}});
        }
        if (way.handshake_age) {
            gauges->set("adit_agent_wireguard_handshake_age_seconds",
                        "Since the last WireGuard handshake with the connector that succeeded.",
                        std::chrono::duration<double>(*way.handshake_age).count());
        }
        gauges->set("adit_agent_wireguard_received_bytes", "Received over WireGuard since the device was made.",
                    static_cast<double>(way.received));
        gauges->set("adit_agent_wireguard_sent_bytes", "Sent over WireGuard since the device was made.",
                    static_cast<double>(way.sent));
    }
    ways_ = std::move(shown);
}

void AgentMetrics::refused(const problem::Failure& failure) {
    registry_
        .counter("adit_agent_stream_refusals_total", "Tunnelled connections that were refused, by reason.",
                 {{"reason", std::string(problem::name(failure.error))}})
        .Increment();
}

void AgentMetrics::refused_status(std::string_view reason) {
    registry_
        .counter("adit_agent_status_refused_total", "Those who were refused at the status address, by what was wrong.",
                 {{"reason", std::string(reason)}})
        .Increment();
}

void AgentMetrics::reconnecting(std::string_view reason) {
    registry_
        .counter("adit_agent_reconnects_total", "Sessions that ended or could not be opened, by reason.",
                 {{"reason", std::string(reason)}})
        .Increment();
}

void AgentMetrics::session_closed(std::string_view transport, std::string reason) {
    registry_
        .counter("adit_agent_session_closed_total", "Sessions that ended, by reason.",
                 {{"transport", std::string(transport)}, {"reason", std::move(reason)}})
        .Increment();
}

void AgentMetrics::dialled(std::chrono::nanoseconds took) {
    dial_duration_.Observe(std::chrono::duration<double>(took).count());
}

void AgentMetrics::carried(std::uint64_t received, std::uint64_t sent) {
    received_.Increment(static_cast<double>(received));
    sent_.Increment(static_cast<double>(sent));
}

}  // namespace adit::agent
