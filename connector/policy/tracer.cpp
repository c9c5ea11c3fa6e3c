// Joining traces and making spans; see tracer.h.
#include "connector/policy/tracer.h"

#include <cstring>
#include <utility>

#include "common/base/strings.h"

namespace adit::policy {
namespace {

constexpr std::string_view kTraceParent = "traceparent";
constexpr std::string_view kTraceState = "tracestate";

/// The one traceparent of a request, if it is valid (§3.2.2.5: several are none).
std::optional<telemetry::TraceParent> parent_of(const http::RequestHead& request) {
    const http::Field* only = nullptr;
    for (const http::Field& field : request.fields) {
        if (iequals(field.name, kTraceParent)) {
            if (only != nullptr) {
                return std::nullopt;
            }
            only = &field;
        }
    }
    return only == nullptr ? std::nullopt : telemetry::parse_traceparent(only->value);
}

/// §3.3.1.4: several fields are one list.
std::string state_of(const http::RequestHead& request) {
    std::string all;
    for (const http::Field& field : request.fields) {
        if (iequals(field.name, kTraceState)) {
            all += all.empty() ? "" : ",";
            all += field.value;
        }
    }
    return all;
}

void remove(http::RequestHead& request, std::string_view name) {
    std::erase_if(request.fields, [name](const http::Field& field) { return iequals(field.name, name); });
}

}  // namespace

void Tracer::use(std::shared_ptr<const telemetry::TraceExport> traces) {
    turn_ended();
    traces_ = std::move(traces);
}

telemetry::SpanId Tracer::new_span() {
    telemetry::SpanId id;
    const std::uint64_t bits = random_.next() | 1;  // never all zero, which would be no id
    std::memcpy(id.data(), &bits, sizeof bits);
    return id;
}

Tracked Tracer::begin_trace() {
    Tracked tracked;
    const std::array<std::uint64_t, 2> bits{random_.next() | 1, random_.next()};
    std::memcpy(tracked.self.trace.data(), bits.data(), sizeof bits);
    tracked.self.sampled = random_.uniform() < traces_->sample;
    return tracked;
}

std::optional<Tracked> Tracer::begin(http::RequestHead& request) {
    const auto parent = parent_of(request);
    if (!traces_) {
        return parent ? std::optional(Tracked{*parent, {}, {}, false}) : std::nullopt;
    }
    Tracked tracked;
    if (parent) {
        tracked = Tracked{*parent, parent->span, parent->sampled ? state_of(request) : std::string(), true};
    } else {
        tracked = begin_trace();
        remove(request, kTraceState);  // §4.3: it belongs to a trace that we could not read
    }
    remove(request, kTraceParent);
    tracked.self.span = new_span();
    tracked.ours = true;
    return tracked;
}

void Tracer::finish(Tracked tracked, const AccessRecord& record, bool client_tls, net::Time started, net::Time now,
                    const route::Trace& trace) {
    if (!traces_) {
        return;  // a reload has ended it meanwhile
    }
    const WallTime wall = std::chrono::system_clock::now();
    const auto at = [&](net::Time time) { return wall - (now - time); };
    telemetry::RequestSpan span;
    span.trace = tracked.self.trace;
    span.id = tracked.self.span;
    span.parent = tracked.caller;
    span.state = std::move(tracked.state);
    span.begin = at(started);
    span.end = wall;
    // Each phase ends where the next begins, or with the request when it was the last that was reached. What a phase
    // before it is later than is of an attempt before the last.
    const std::array<std::pair<const char*, net::Time>, 4> begins{{{"queue", started},
                                                                   {"connect", trace.connect_started},
                                                                   {"wait", trace.connected},
                                                                   {"body", trace.first_byte}}};
    for (const auto& [name, begin] : begins) {
        if (!span.phases.empty()) {
            if (at(begin) < span.phases.back().begin) {
                break;
            }
            span.phases.back().end = at(begin);
        }
        span.phases.push_back({name, new_span(), at(begin), wall});
    }
    span.method = record.method;
    span.scheme = client_tls ? "https" : "http";
    span.host = record.host;
    span.path = record.path;
    span.protocol_version = record.protocol.substr(record.protocol.find('/') + 1);
    span.client = record.client;
    span.request_id = record.request_id;
    span.route = record.route;
    span.backend = record.backend;
    span.tunnel = record.tunnel;
    span.agent = record.agent;
    span.endpoint = record.endpoint;
    span.error = record.error.empty() && !record.reason.empty() ? "cut_off" : record.error;
    span.reason = record.reason;
    span.status = record.status;
    span.attempts = record.attempts;
    span.bytes_in = record.bytes_in;
    span.bytes_out = record.bytes_out;
    bytes_ += span.size();
    spans_.push_back(std::move(span));
    loop_.at_turn_end(*this);
}

void Tracer::turn_ended() {
    if (traces_ && !spans_.empty()) {
        const std::size_t records = spans_.size();
        traces_->queue->push(std::exchange(spans_, {}), std::exchange(bytes_, 0), records);
    }
}

}  // namespace adit::policy
