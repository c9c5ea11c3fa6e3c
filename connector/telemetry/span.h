// What the connector tells of one request in a trace: a SERVER span with a child for each phase that was reached.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/log/queue.h"
#include "connector/telemetry/trace_context.h"

namespace adit::telemetry {

/// A step of a request; its times lie within those of the request.
struct Phase {
    const char* name;  ///< a literal
    SpanId id{};
    WallTime begin;
    WallTime end;
};

/// Owns all that it says: it is written out on another thread, when the request is long gone. Empty texts are left out.
struct RequestSpan {
    TraceId trace{};
    SpanId id{};
    SpanId parent{};    ///< the caller's; all zero where the trace begins here
    std::string state;  ///< tracestate, as it came
    WallTime begin;
    WallTime end;
    std::vector<Phase> phases;

    std::string method;
    std::string scheme;
    std::string host;
    std::string path;
    std::string protocol_version;
    std::string client;
    std::string request_id;
    std::string route;
    std::string backend;
    std::string tunnel;
    std::string agent;
    std::string endpoint;
    std::string error;   ///< RFC 9209 error type, or another reason in one word
    std::string reason;  ///< in words
    int status = 0;
    int attempts = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;

    /// About what it holds in memory.
    std::size_t size() const {
        std::size_t sum = sizeof *this + phases.size() * sizeof(Phase);
        for (const std::string* text : {&state, &method, &host, &path, &client, &request_id, &route, &backend, &tunnel,
                                        &agent, &endpoint, &error, &reason}) {
            sum += text->size();
        }
        return sum;
    }
};

/// Spans leave a worker by turns, as access lines do.
using Spans = std::vector<RequestSpan>;
using SpanQueue = logging::Queue<Spans>;

}  // namespace adit::telemetry
