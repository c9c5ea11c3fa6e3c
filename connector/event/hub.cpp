// Telling events; see hub.h.
#include "connector/event/hub.h"

#include <utility>

#include "common/log/write.h"

namespace adit::event {
namespace {

struct Wording {
    logging::Level level;
    const char* message;
};

Wording wording(Kind kind) {
    using enum config::EventKind;
    using enum logging::Level;
    switch (kind) {
        case circuit_opened:
            return {warn, "a circuit has opened"};
        case circuit_half_open:
            return {info, "a circuit is half open"};
        case circuit_recovering:
            return {info, "a circuit recovers"};
        case circuit_closed:
            return {info, "a circuit has closed"};
        case circuit_forced:
            return {warn, "an operator has switched a circuit"};
        case endpoint_ejected:
            return {warn, "an endpoint gets no requests for a while"};
        case endpoint_returned:
            return {info, "an endpoint gets requests again"};
        case endpoint_unhealthy:
            return {warn, "an endpoint is unhealthy"};
        case endpoint_healthy:
            return {info, "an endpoint is healthy"};
        case degrade_on:
            return {warn, "functionality is reduced"};
        case degrade_off:
            return {info, "functionality is whole again"};
        case shed_on:
            return {warn, "load is shed"};
        case shed_off:
            return {info, "load is not shed any more"};
        case state_lost:
            return {warn, "the common state is out of reach"};
        case state_back:
            return {info, "the common state can be reached again"};
        case ban:
            break;
    }
    return {warn, "a caller is banned"};
}

logging::Value shown(const Event::Value& value) {
    return std::visit([](const auto& plain) { return logging::Value(plain); }, value);
}

}  // namespace

void Hub::tell(const Event& event) {
    const std::string_view kind = config::name(event.kind);
    std::vector<logging::Field> fields{{"event", kind}, {"subject", event.subject}};
    if (!event.reason.empty()) {
        fields.push_back({"reason", event.reason});
    }
    for (const auto& [name, value] : event.details) {
        fields.push_back({name, shown(value)});
    }
    const auto [level, message] = wording(event.kind);
    logging::write_line(level, message, fields);
    metrics_.told(kind);
    const std::scoped_lock lock(mutex_);
    if (subscribers_.empty()) {
        return;
    }
    const auto made = message_of(event, instance_, std::chrono::system_clock::now());
    for (const auto& subscriber : subscribers_) {
        subscriber->take(made);
    }
}

void Hub::speak_as(std::string instance) {
    const std::scoped_lock lock(mutex_);
    instance_ = std::move(instance);
}

void Hub::subscribe(std::vector<std::shared_ptr<Subscriber>> subscribers) {
    const std::scoped_lock lock(mutex_);
    subscribers_.swap(subscribers);
}

}  // namespace adit::event
