// Names and help texts of these metrics; see event_metrics.h.
#include "connector/admin/event_metrics.h"

namespace adit {
namespace {

metrics::Counter& tries(metrics::Registry& registry, const std::string& webhook, const char* result) {
    return registry.counter("adit_webhook_tries_total", "Deliveries of events that were tried, by what became of them.",
                            {{"webhook", webhook}, {"result", result}});
}

metrics::Counter& dropped(metrics::Registry& registry, const std::string& webhook, const char* reason) {
    return registry.counter("adit_webhook_dropped_total", "Events that a webhook has not got, by reason.",
                            {{"webhook", webhook}, {"reason", reason}});
}

}  // namespace

void EventMetrics::told(std::string_view kind) const {
    registry_->counter("adit_events_total", "Events for operators, by kind.", {{"event", std::string(kind)}})
        .Increment();
}

WebhookMetrics::WebhookMetrics(metrics::Registry& registry, const std::string& webhook)
    : delivered(tries(registry, webhook, "delivered")),
      failed(tries(registry, webhook, "failed")),
      given_up(dropped(registry, webhook, "given_up")),
      crowded(dropped(registry, webhook, "queue_full")),
      waiting(registry.gauge("adit_webhook_waiting", "Events that wait for their delivery.", {{"webhook", webhook}})) {}

CircuitMetrics::CircuitMetrics(metrics::Registry& registry, const std::string& circuit)
    : refused_(registry.counter("adit_circuit_refused_total", "Calls that a circuit did not let through.",
                                {{"circuit", circuit}})),
      gauges_(registry, {{"circuit", circuit}}) {}

void CircuitMetrics::show(int state, std::uint64_t refused) {
    gauges_.set("adit_circuit_state", "State of a circuit: 0 closed, 1 recovering, 2 half open, 3 open.", state);
    if (refused > shown_) {
        refused_.Increment(static_cast<double>(refused - shown_));
        shown_ = refused;
    }
}

void count_circuit_change(metrics::Registry& registry, std::string_view circuit, std::string_view to) {
    registry
        .counter("adit_circuit_transitions_total", "Changes of circuits, by the state that they went to.",
                 {{"circuit", std::string(circuit)}, {"to", std::string(to)}})
        .Increment();
}

}  // namespace adit
