// Trace context by the W3C's rules, and what a worker makes of it.
#include <doctest/doctest.h>

#include "common/base/encoding.h"
#include "connector/http/parse.h"
#include "connector/policy/tracer.h"
#include "connector/telemetry/trace_context.h"

using namespace adit;
using namespace std::chrono_literals;

namespace {

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A worker's tracer with a queue to look into.
struct Traced {
    explicit Traced(double sample) {
        tracer.use(std::make_shared<const telemetry::TraceExport>(telemetry::TraceExport{sample, queue}));
    }
    policy::Tracked begin(const std::string& fields) {
        head.clear();
        head.bytes() = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
        REQUIRE(http::parse_request(head, {}));
        return tracer.begin(head).value();
    }

    boost::asio::io_context context{1};
    net::Loop loop{context};
    policy::Tracer tracer{loop};
    http::RequestHead head;
    std::shared_ptr<telemetry::SpanQueue> queue =
        std::make_shared<telemetry::SpanQueue>(telemetry::SpanQueue::Settings{});
};

std::string field(const char* name, const std::string& value) {
    return std::string(name) + ": " + value + "\r\n";
}

}  // namespace

TEST_CASE("a valid traceparent is read and written back") {
    const auto parent = telemetry::parse_traceparent(kParent);
    REQUIRE(parent);
    CHECK(hex_encode(parent->trace) == kTrace);
    CHECK(hex_encode(parent->span) == "00f067aa0ba902b7");
    CHECK(parent->sampled);
    CHECK(telemetry::format_traceparent(*parent) == kParent);
    CHECK_FALSE(telemetry::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")->sampled);
    CHECK(telemetry::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff")->sampled);
}

TEST_CASE("a later version may say more, this one may not") {
    CHECK(telemetry::parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    CHECK(telemetry::parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
    CHECK_FALSE(telemetry::parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more"));
    CHECK_FALSE(telemetry::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
}

TEST_CASE("what the specification calls invalid is") {
    for (const char* bad : {"", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-011",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
                            "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x"}) {
        CAPTURE(bad);
        CHECK_FALSE(telemetry::parse_traceparent(bad));
    }
}

TEST_CASE("a caller's trace is continued with a span of ours, its state kept") {
    Traced traced(0);
    const auto tracked = traced.begin(field("traceparent", kParent) + field("tracestate", "a=1") +
                                      field("x-other", "kept") + field("tracestate", "b=2"));
    CHECK(tracked.ours);
    CHECK(hex_encode(tracked.self.trace) == kTrace);
    CHECK(hex_encode(tracked.caller) == "00f067aa0ba902b7");
    CHECK(tracked.self.span != tracked.caller);
    CHECK(tracked.self.sampled);
    CHECK(tracked.state == "a=1,b=2");
    CHECK(traced.head.find("traceparent") == nullptr);
    CHECK(traced.head.find("tracestate") != nullptr);
    CHECK(traced.head.find("x-other") != nullptr);
}

TEST_CASE("what is no trace, or more than one, begins a new one without the old state") {
    Traced traced(1);
    for (const std::string& fields : {std::string(), field("traceparent", "nonsense"),
                                      field("traceparent", kParent) + field("traceparent", kParent)}) {
        const auto tracked = traced.begin(fields + field("tracestate", "a=1"));
        CHECK(tracked.caller == telemetry::SpanId{});
        CHECK(hex_encode(tracked.self.trace) != kTrace);
        CHECK(tracked.self.sampled);
        CHECK(traced.head.find("traceparent") == nullptr);
        CHECK(traced.head.find("tracestate") == nullptr);
    }
}

TEST_CASE("the sample is a share of the traces that begin here") {
    for (const auto& [sample, least, most] : {std::tuple{0.0, 0, 0}, {1.0, 1000, 1000}, {0.3, 200, 400}}) {
        Traced traced(sample);
        int recorded = 0;
        for (int i = 0; i < 1000; ++i) {
            recorded += traced.begin("").self.sampled ? 1 : 0;
        }
        CHECK(recorded >= least);
        CHECK(recorded <= most);
    }
}

TEST_CASE("without tracing the trace is only known") {
    Traced traced(1);
    traced.tracer.use(nullptr);
    const auto tracked = traced.begin(field("traceparent", kParent) + field("tracestate", "a=1"));
    CHECK_FALSE(tracked.ours);
    CHECK(hex_encode(tracked.self.trace) == kTrace);
    CHECK(traced.head.find("traceparent")->value == kParent);
    CHECK(traced.head.find("tracestate") != nullptr);
}

TEST_CASE("a span leaves at the end of the turn, with the phases that were reached") {
    Traced traced(1);
    const policy::Tracked tracked = traced.begin("");
    policy::AccessRecord record;
    record.method = "GET";
    record.protocol = "HTTP/1.1";
    record.status = 504;
    record.error = "connection_timeout";
    route::Trace trace;
    const net::Time start = net::Clock::now();
    trace.connect_started = start + 1ms;
    trace.connected = start - 5ms;  // of an attempt before the last
    traced.tracer.finish(tracked, record, true, start, start + 10ms, trace);
    CHECK(traced.queue->bytes() == 0);
    traced.context.poll();
    const auto batches = traced.queue->take(1'000'000);
    REQUIRE(batches.size() == 1);
    const telemetry::RequestSpan& span = batches[0].at(0);
    CHECK(span.trace == tracked.self.trace);
    CHECK(span.id == tracked.self.span);
    CHECK(span.end - span.begin == 10ms);
    CHECK(span.scheme == "https");
    CHECK(span.protocol_version == "1.1");
    CHECK(span.error == "connection_timeout");
    REQUIRE(span.phases.size() == 2);
    CHECK(span.phases[0].name == std::string_view("queue"));
    CHECK(span.phases[0].end - span.phases[0].begin == 1ms);
    CHECK(span.phases[1].name == std::string_view("connect"));
    CHECK(span.phases[1].end == span.end);
}

TEST_CASE("a request that ends after tracing has leaves no span") {
    Traced traced(1);
    const policy::Tracked tracked = traced.begin("");
    traced.tracer.use(nullptr);
    traced.tracer.finish(tracked, {}, false, {}, {}, {});
    traced.context.poll();
    CHECK(traced.queue->bytes() == 0);
}
