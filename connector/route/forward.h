// The forward handler: carries one exchange to a backend and its answer back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connector/access/caller.h"
#include "connector/backend/backend.h"
#include "connector/http/exchange.h"

namespace adit::route {

/// What happened, for the access log: filled in as the exchange goes on. Times are zero where a phase was not reached.
struct Trace {
    std::string_view route;                        ///< its name; set before forward()
    std::shared_ptr<const access::Caller> caller;  ///< who is authenticated, where somebody is; set before forward()
    std::string traceparent;  ///< for the origin, where we take part in a distributed trace; set before forward()
    std::string tunnel;
    std::string agent;
    std::string endpoint;
    int attempts = 0;
    bool reused = false;
    net::Time connect_started{};
    net::Time connected{};
    net::Time first_byte{};
    std::string broken;  ///< why an answer that had begun was cut off, in words
};

/// Forwards the exchange. Answers the failure when no answer has begun (the caller turns it into one); nothing when the
/// origin's answer went out, whole, or cut off with exchange.truncate().
net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend, Trace& trace);

}  // namespace adit::route
