// The forward handler: carries one exchange to a backend and its answer back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "connector/backend/backend.h"
#include "connector/http/exchange.h"
#include "connector/route/passage.h"

namespace adit::route {

/// What happened, for the access log: filled in as the exchange goes on. Times are zero where a phase was not reached.
struct Trace {
    std::string traceparent;  ///< for the origin, where we take part in a distributed trace; set before forward()
    std::string tunnel;
    std::string agent;
    std::string endpoint;
    int attempts = 0;
    bool reused = false;
    net::Time connect_started{};
    net::Time connected{};
    net::Time first_byte{};
    std::string denied;  ///< why the caller may not use an endpoint, in the words of its rules; the last one
    std::string broken;  ///< why an answer that had begun was cut off, in words
};

/// Forwards the exchange, by endpoints that the caller may use. Answers the failure when no answer has begun (the
/// caller turns it into one); nothing when the origin's answer went out, whole, or cut off with exchange.truncate().
net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend,
                                                   const Passage& passage, Trace& trace);

}  // namespace adit::route
