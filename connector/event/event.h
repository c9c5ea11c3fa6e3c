// Something that an operator wants to know as it happens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/time.h"
#include "connector/config/event_kind.h"

namespace adit::event {

using Kind = config::EventKind;

struct Event {
    using Value = std::variant<std::string, std::int64_t, double, bool>;

    Kind kind;
    std::string subject;  ///< what it happened to: "backend:payments", "endpoint:payments:https://…"
    std::string reason;   ///< for people; empty: none
    std::vector<std::pair<std::string, Value>> details = {};  ///< names in snake_case; no secrets
};

/// An event on its way to webhooks.
struct Message {
    std::string id;  ///< the same for each try of each webhook: receivers tell by it what they have seen
    Kind kind;
    std::string body;  ///< JSON: type, timestamp, data (standardwebhooks.com)
};

/// `instance` tells this connector from others.
std::shared_ptr<const Message> message_of(const Event& event, const std::string& instance, WallTime now);

}  // namespace adit::event
