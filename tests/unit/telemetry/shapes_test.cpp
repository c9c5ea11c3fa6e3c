// Batches in the forms of Loki and OTLP, read back as JSON.
#include "connector/telemetry/shapes.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

using namespace adit;
using namespace telemetry;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr WallTime kAt = WallTime(std::chrono::nanoseconds(1'700'000'000'123'456'789));

std::shared_ptr<const logging::Batch> batch_of(logging::Kind kind, logging::Level level,
                                               std::initializer_list<std::string_view> lines) {
    logging::Batch batch{.kind = kind, .text = {}, .lines = {}};
    for (const std::string_view line : lines) {
        batch.text.append(line).append("\n");
        batch.lines.push_back({kAt, level, static_cast<std::uint32_t>(line.size() + 1)});
    }
    return std::make_shared<const logging::Batch>(std::move(batch));
}

Batches typical() {
    return {batch_of(logging::Kind::access, logging::Level::info, {R"({"path":"/a"})", "second"}),
            batch_of(logging::Kind::program, logging::Level::warn, {"beware"}),
            batch_of(logging::Kind::access, logging::Level::info, {"third"})};
}

/// The string value of an attribute; of a number its text.
std::string attribute(const json::value& of, std::string_view name) {
    for (const json::value& one : of.at("attributes").as_array()) {
        if (one.at("key").as_string() == name) {
            const json::object& value = one.at("value").as_object();
            return std::string(value.begin()->value().as_string());
        }
    }
    return "(none)";
}

RequestSpan span() {
    RequestSpan made;
    made.trace.fill(0xab);
    made.id.fill(0x01);
    made.begin = kAt;
    made.end = kAt + 5ms;
    made.phases = {{"queue", {2, 2, 2, 2, 2, 2, 2, 2}, kAt, kAt + 1ms}};
    made.method = "GET";
    made.path = "/a";
    made.route = "shop";
    made.status = 200;
    return made;
}

/// The spans of a body.
json::array spans_of(const std::vector<Spans>& batches) {
    const json::value body = json::parse(otlp_spans(batches, {}));
    return body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array();
}

}  // namespace

TEST_CASE("Loki gets a stream per kind and level, with times in nanoseconds as text") {
    const json::value body = json::parse(loki_logs(typical(), {{"job", "edge"}}));
    const json::array& streams = body.at("streams").as_array();
    REQUIRE(streams.size() == 2);
    const json::value& program = streams[0];
    CHECK(program.at("stream") ==
          json::value{{"job", "edge"}, {"level", "warn"}, {"logger", "adit"}, {"service_name", "adit-connector"}});
    CHECK(json::serialize(program.at("values")) == R"([["1700000000123456789","beware"]])");
    const json::array& access = streams[1].at("values").as_array();
    REQUIRE(access.size() == 3);
    CHECK(access[0].at(1).as_string() == R"({"path":"/a"})");
    CHECK(access[2].at(1).as_string() == "third");
}

TEST_CASE("a label of the operator's own wins over the name of the service") {
    const json::value body = json::parse(loki_logs(typical(), {{"service_name", "gateway"}}));
    CHECK(body.at("streams").at(0).at("stream").at("service_name").as_string() == "gateway");
    const json::value logs = json::parse(otlp_logs(typical(), {{"service.name", "gateway"}}));
    CHECK(attribute(logs.at("resourceLogs").at(0).at("resource"), "service.name") == "gateway");
}

TEST_CASE("OTLP gets a record per line, with its severity") {
    const json::value body = json::parse(otlp_logs(typical(), {{"region", "north"}}));
    const json::value& resource = body.at("resourceLogs").at(0);
    CHECK(attribute(resource.at("resource"), "service.name") == "adit-connector");
    CHECK(attribute(resource.at("resource"), "region") == "north");
    const json::array& records = resource.at("scopeLogs").at(0).at("logRecords").as_array();
    REQUIRE(records.size() == 4);
    CHECK(records[0].at("timeUnixNano").as_string() == "1700000000123456789");
    CHECK(records[0].at("severityNumber").as_int64() == 9);
    CHECK(records[0].at("body").at("stringValue").as_string() == R"({"path":"/a"})");
    CHECK(attribute(records[0], "logger") == "access");
    CHECK(records[2].at("severityNumber").as_int64() == 13);
    CHECK(records[2].at("severityText").as_string() == "warn");
    CHECK(attribute(records[2], "logger") == "adit");
}

TEST_CASE("no line can break a batch") {
    const auto hostile = batch_of(logging::Kind::access, logging::Level::info, {"\"}]\\\x01\xff"});
    CHECK(json::parse(loki_logs({hostile}, {})).at("streams").at(0).at("values").as_array().size() == 1);
    CHECK_NOTHROW(json::parse(otlp_logs({hostile}, {{"a\"b", "c\\"}})));
}

TEST_CASE("a request is a SERVER span by the semantic conventions, a phase its child") {
    const json::array spans = spans_of({{span()}});
    REQUIRE(spans.size() == 2);
    const json::object& request = spans[0].as_object();
    CHECK(request.at("traceId").as_string() == "abababababababababababababababab");
    CHECK(request.at("spanId").as_string() == "0101010101010101");
    CHECK_FALSE(request.contains("parentSpanId"));
    CHECK_FALSE(request.contains("traceState"));
    CHECK(request.at("name").as_string() == "GET shop");
    CHECK(request.at("kind").as_int64() == 2);
    CHECK(request.at("startTimeUnixNano").as_string() == "1700000000123456789");
    CHECK(request.at("endTimeUnixNano").as_string() == "1700000000128456789");
    CHECK(request.at("status").as_object().empty());
    CHECK(attribute(request, "http.request.method") == "GET");
    CHECK(attribute(request, "url.path") == "/a");
    CHECK(attribute(request, "http.response.status_code") == "200");
    CHECK(attribute(request, "adit.route") == "shop");
    CHECK(attribute(request, "adit.tunnel") == "(none)");
    CHECK(attribute(request, "error.type") == "(none)");
    const json::object& phase = spans[1].as_object();
    CHECK(phase.at("parentSpanId").as_string() == "0101010101010101");
    CHECK(phase.at("name").as_string() == "queue");
    CHECK(phase.at("kind").as_int64() == 1);
}

TEST_CASE("a span has its caller, the caller's state, and what went wrong") {
    RequestSpan failed = span();
    failed.parent.fill(0x03);
    failed.state = "a=1";
    failed.status = 502;
    failed.error = "connection_refused";
    failed.reason = "nobody is there";
    const json::array spans = spans_of({{failed}});
    CHECK(spans[0].at("parentSpanId").as_string() == "0303030303030303");
    CHECK(spans[0].at("traceState").as_string() == "a=1");
    CHECK(spans[0].at("status") == json::value{{"code", 2}, {"message", "nobody is there"}});
    CHECK(attribute(spans[0], "error.type") == "connection_refused");
}

TEST_CASE("an origin's own 5xx is an error named by its status, a method that nobody registered is none of the names") {
    RequestSpan odd = span();
    odd.status = 503;
    odd.method = "BREW";
    odd.route.clear();
    const json::array spans = spans_of({{odd}});
    CHECK(attribute(spans[0], "error.type") == "503");
    CHECK(spans[0].at("name").as_string() == "HTTP");
    CHECK(attribute(spans[0], "http.request.method") == "_OTHER");
    CHECK(attribute(spans[0], "http.request.method_original") == "BREW");
}
