// Writing of batches; see shapes.h.
#include "connector/telemetry/shapes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/encoding.h"
#include "connector/telemetry/json.h"

namespace adit::telemetry {
namespace {

using logging::Kind;
using logging::Level;

constexpr std::string_view kService = "adit-connector";

std::string nanoseconds(WallTime time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

std::string_view logger_of(Kind kind) {
    return kind == Kind::access ? "access" : "adit";
}

void attribute(Json& json, std::string_view name, std::string_view value) {
    if (!value.empty()) {
        json.begin('{').key("key").text(name).key("value").begin('{').key("stringValue").text(value).end('}').end('}');
    }
}

/// Integers of 64 bits are strings in protobuf's JSON mapping.
void attribute(Json& json, std::string_view name, std::uint64_t value) {
    json.begin('{').key("key").text(name).key("value").begin('{');
    json.key("intValue").text(std::to_string(value)).end('}').end('}');
}

/// Up to the list of records: the resource and the scope, which are the same for all of them.
void begin_otlp(Json& json, std::string_view resources, std::string_view scopes, std::string_view records,
                const Labels& labels) {
    json.begin('{').key(resources).begin('[').begin('{').key("resource").begin('{').key("attributes").begin('[');
    if (!labels.contains("service.name")) {
        attribute(json, "service.name", kService);
    }
    attribute(json, "service.version", ADIT_VERSION);
    for (const auto& [name, value] : labels) {
        attribute(json, name, value);
    }
    json.end(']').end('}').key(scopes).begin('[').begin('{').key("scope").begin('{').key("name").text("adit");
    json.end('}').key(records).begin('[');
}

std::string end_otlp(Json& json) {
    json.end(']').end('}').end(']').end('}').end(']').end('}');
    return json.take();
}

/// SeverityNumber of the OpenTelemetry log data model.
int severity_of(Level level) {
    constexpr std::array numbers{1, 5, 9, 13, 17};
    return numbers[static_cast<std::size_t>(level)];
}

/// Semantic conventions: a method that nobody has registered must not become a value of its own.
bool is_known_method(std::string_view method) {
    constexpr std::array<std::string_view, 9> known{"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                    "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    return std::ranges::find(known, method) != known.end();
}

void span_head(Json& json, const TraceId& trace, const SpanId& id, const SpanId& parent, std::string_view name) {
    json.begin('{').key("traceId").text(hex_encode(trace)).key("spanId").text(hex_encode(id));
    if (parent != SpanId{}) {
        json.key("parentSpanId").text(hex_encode(parent));
    }
    json.key("name").text(name);
}

void request_attributes(Json& json, const RequestSpan& span) {
    const bool known = is_known_method(span.method);
    attribute(json, "http.request.method", known ? std::string_view(span.method) : "_OTHER");
    if (!known) {
        attribute(json, "http.request.method_original", span.method);
    }
    attribute(json, "url.scheme", span.scheme);
    attribute(json, "url.path", span.path);
    attribute(json, "server.address", span.host);
    attribute(json, "client.address", span.client);
    attribute(json, "network.protocol.name", "http");
    attribute(json, "network.protocol.version", span.protocol_version);
    if (span.status > 0) {
        attribute(json, "http.response.status_code", static_cast<std::uint64_t>(span.status));
    }
    attribute(json, "http.request.body.size", span.bytes_in);
    attribute(json, "http.response.body.size", span.bytes_out);
    if (!span.error.empty()) {
        attribute(json, "error.type", span.error);
    } else if (span.status >= 500) {
        attribute(json, "error.type", std::to_string(span.status));
    }
    attribute(json, "adit.request_id", span.request_id);
    attribute(json, "adit.route", span.route);
    attribute(json, "adit.backend", span.backend);
    attribute(json, "adit.endpoint", span.endpoint);
    attribute(json, "adit.tunnel", span.tunnel);
    attribute(json, "adit.agent", span.agent);
    attribute(json, "adit.attempts", static_cast<std::uint64_t>(span.attempts));
}

void request_span(Json& json, const RequestSpan& span) {
    constexpr int server = 2;    // SpanKind
    constexpr int internal = 1;  // SpanKind
    constexpr int error = 2;     // Status.StatusCode; of a server's span only what is the server's fault
    const std::string method = is_known_method(span.method) ? span.method : "HTTP";
    span_head(json, span.trace, span.id, span.parent, span.route.empty() ? method : method + " " + span.route);
    if (!span.state.empty()) {
        json.key("traceState").text(span.state);
    }
    json.key("kind").number(server);
    json.key("startTimeUnixNano").text(nanoseconds(span.begin)).key("endTimeUnixNano").text(nanoseconds(span.end));
    json.key("attributes").begin('[');
    request_attributes(json, span);
    json.end(']').key("status").begin('{');
    if (span.status >= 500) {
        json.key("code").number(error);
        if (!span.reason.empty()) {
            json.key("message").text(span.reason);
        }
    }
    json.end('}').end('}');
    for (const Phase& phase : span.phases) {
        span_head(json, span.trace, phase.id, span.id, phase.name);
        json.key("kind").number(internal).key("startTimeUnixNano").text(nanoseconds(phase.begin));
        json.key("endTimeUnixNano").text(nanoseconds(phase.end)).end('}');
    }
}

}  // namespace

std::string loki_logs(const Batches& batches, const Labels& labels) {
    std::map<std::pair<Kind, Level>, std::string> streams;  // the list of values of each
    for (const auto& batch : batches) {
        batch->for_each([&](const logging::Line& line, std::string_view text) {
            std::string& values = streams[{batch->kind, line.level}];
            values += values.empty() ? "[\"" : ",[\"";
            values += nanoseconds(line.at) + "\",";
            append_json_string(values, text);
            values += ']';
        });
    }
    std::string out = "{\"streams\":[";
    for (const auto& [stream, values] : streams) {
        Labels all = labels;
        all.emplace("service_name", kService);
        all["logger"] = logger_of(stream.first);
        all["level"] = name(stream.second);
        Json json;
        json.begin('{');
        for (const auto& [label, value] : all) {
            json.key(label).text(value);
        }
        json.end('}');
        out += out.back() == '[' ? "{\"stream\":" : ",{\"stream\":";
        out += json.take() + ",\"values\":[" + values + "]}";
    }
    return out + "]}";
}

std::string otlp_logs(const Batches& batches, const Labels& labels) {
    Json json;
    begin_otlp(json, "resourceLogs", "scopeLogs", "logRecords", labels);
    for (const auto& batch : batches) {
        batch->for_each([&](const logging::Line& line, std::string_view text) {
            const std::string at = nanoseconds(line.at);
            json.begin('{').key("timeUnixNano").text(at).key("observedTimeUnixNano").text(at);
            json.key("severityNumber").number(severity_of(line.level)).key("severityText").text(name(line.level));
            json.key("body").begin('{').key("stringValue").text(text).end('}').key("attributes").begin('[');
            attribute(json, "logger", logger_of(batch->kind));
            json.end(']').end('}');
        });
    }
    return end_otlp(json);
}

std::string otlp_spans(const std::vector<Spans>& batches, const Labels& labels) {
    Json json;
    begin_otlp(json, "resourceSpans", "scopeSpans", "spans", labels);
    for (const Spans& spans : batches) {
        for (const RequestSpan& span : spans) {
            request_span(json, span);
        }
    }
    return end_otlp(json);
}

}  // namespace adit::telemetry
