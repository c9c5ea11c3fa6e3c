// CONNECT to a service: a stream that leads to its endpoint.
#pragma once

#include <expected>
#include <memory>

#include "connector/backend/backend.h"
#include "connector/route/forward.h"

namespace adit::proxy {

/// A stream whose far end is connected, and what counts it against its agent.
struct Line {
    std::unique_ptr<net::Stream> stream;
    backend::Way way;
};

/// Dials the backend's endpoint once; waits where a session may come up within moments, and then for the far end's
/// word, both at most until `deadline`. Nothing is sent: a failure may be tried again unless it is final_here.
net::Task<std::expected<Line, problem::Failure>> dial(backend::Backend& backend, net::Loop& loop, route::Trace& trace,
                                                      net::Time deadline);

}  // namespace adit::proxy
