// The form in which events travel; see event.h.
#include "connector/event/event.h"

#include <boost/json.hpp>

#include "common/base/random.h"

namespace adit::event {

std::shared_ptr<const Message> message_of(const Event& event, const std::string& instance, WallTime now) {
    boost::json::object data{{"connector", instance}, {"subject", event.subject}};
    if (!event.reason.empty()) {
        data["reason"] = event.reason;
    }
    for (const auto& [name, value] : event.details) {
        std::visit([&](const auto& plain) { data[name] = plain; }, value);
    }
    const boost::json::object body{
        {"type", config::name(event.kind)}, {"timestamp", format_time_ms(now)}, {"data", std::move(data)}};
    return std::make_shared<const Message>("msg_" + random_base62(24), event.kind, boost::json::serialize(body));
}

}  // namespace adit::event
