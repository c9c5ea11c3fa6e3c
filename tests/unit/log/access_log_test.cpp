// The access line in both forms, and how lines leave.
#include "connector/policy/access_log.h"

#include <doctest/doctest.h>

#include "common/log/log.h"
#include "tests/unit/log/capture.h"

using namespace adit;
using namespace std::chrono_literals;
using namespace std::string_literals;
using logging::test::Capture;

namespace {

policy::AccessRecord typical() {
    policy::AccessRecord record;
    record.request_id = "0190d5f2c3a47b1e";
    record.client = "192.0.2.10";
    record.method = "GET";
    record.host = "api.example.com";
    record.path = "/v1/payments/4711?expand=customer";
    record.protocol = "HTTP/1.1";
    record.route = "payments";
    record.backend = "payments";
    record.tunnel = "t1";
    record.agent = "agt_0123456789abcdef";
    record.endpoint = "service://payments-api";
    record.status = 200;
    record.bytes_in = 0;
    record.bytes_out = 1024;
    record.attempts = 1;
    record.reused = true;
    record.duration = 1234567ns;
    record.queue = 5us;
    record.connect = 40us;
    record.first_byte = 1ms;
    record.body = 100us;
    return record;
}

/// What one record leaves on standard error.
std::string written(const policy::AccessRecord& record, logging::Format format, const Capture& capture) {
    logging::set_up(logging::Level::info, format);
    boost::asio::io_context context(1);
    net::Loop loop(context);
    policy::AccessLog(loop, true).write(record);
    return capture.text();
}

}  // namespace

TEST_CASE("an access line in JSON has every field by its name and type") {
    const Capture capture;
    const std::string text = written(typical(), logging::Format::json, capture);
    const boost::json::object line = capture.object();
    CHECK(line.at("logger").as_string() == "access");
    CHECK(line.at("level").as_string() == "info");
    CHECK(line.at("request_id").as_string() == "0190d5f2c3a47b1e");
    CHECK(line.at("client").as_string() == "192.0.2.10");
    CHECK(line.at("method").as_string() == "GET");
    CHECK(line.at("host").as_string() == "api.example.com");
    CHECK(line.at("path").as_string() == "/v1/payments/4711?expand=customer");
    CHECK(line.at("protocol").as_string() == "HTTP/1.1");
    CHECK(line.at("route").as_string() == "payments");
    CHECK(line.at("backend").as_string() == "payments");
    CHECK(line.at("tunnel").as_string() == "t1");
    CHECK(line.at("agent").as_string() == "agt_0123456789abcdef");
    CHECK(line.at("endpoint").as_string() == "service://payments-api");
    CHECK(line.at("status").as_int64() == 200);
    CHECK(line.at("bytes_in").as_int64() == 0);
    CHECK(line.at("bytes_out").as_int64() == 1024);
    CHECK(line.at("duration_ms").as_double() == doctest::Approx(1.234));
    const boost::json::object& phases = line.at("phases").as_object();
    CHECK(phases.at("queue_ms").as_double() == doctest::Approx(0.005));
    CHECK(phases.at("connect_ms").as_double() == doctest::Approx(0.04));
    CHECK(phases.at("first_byte_ms").as_double() == doctest::Approx(1));
    CHECK(phases.at("body_ms").as_double() == doctest::Approx(0.1));
    CHECK(line.at("attempts").as_int64() == 1);
    CHECK(line.at("reused").as_bool());
    CHECK_FALSE(line.contains("error"));
    CHECK_FALSE(line.contains("reason"));
}

TEST_CASE("a failed request says why, and what it never had is left out") {
    const Capture capture;
    policy::AccessRecord record = typical();
    record.agent = {};
    record.status = 502;
    record.error = "connection_refused";
    record.reason = "payments.internal:8080 refused the connection";
    written(record, logging::Format::json, capture);
    const boost::json::object line = capture.object();
    CHECK(line.at("error").as_string() == "connection_refused");
    CHECK(line.at("reason").as_string() == "payments.internal:8080 refused the connection");
    CHECK_FALSE(line.contains("agent"));
}

TEST_CASE("whatever a client or an agent sends, a record stays one line") {
    const std::string hostile = "x\r\n{\"level\":\"error\"}\x1b[2J\xff\0y"s;
    for (const auto format : {logging::Format::json, logging::Format::text}) {
        const Capture capture;
        policy::AccessRecord record = typical();
        for (std::string_view* field : {&record.request_id, &record.client, &record.method, &record.host, &record.path,
                                        &record.protocol, &record.route, &record.backend, &record.tunnel, &record.agent,
                                        &record.endpoint, &record.error, &record.reason}) {
            *field = hostile;
        }
        const std::string text = written(record, format, capture);
        CHECK(capture.lines().size() == 1);
        for (const char bad : {'\r', '\x1b', '\xff', '\0'}) {
            CHECK(text.find(bad) == std::string::npos);
        }
    }
}

TEST_CASE("a person reads status, request, time and way in one line") {
    const Capture capture;
    const std::string text = written(typical(), logging::Format::text, capture);
    CHECK(text.substr(12) ==
          " access 200 GET \"api.example.com/v1/payments/4711?expand=customer\"  1.234ms  in=0 out=1024 route=payments "
          "tunnel=t1 agent=agt_0123456789abcdef endpoint=service://payments-api id=0190d5f2c3a47b1e\n");
}

TEST_CASE("what stood around a request is told where it did something, and only there") {
    const Capture capture;
    policy::AccessRecord record = typical();
    policy::Effects effects;
    record.effects = &effects;
    written(record, logging::Format::json, capture);
    for (const char* name : {"shed", "reduced", "rate_limit", "bulkhead", "bulkhead_ms", "cache", "fallback"}) {
        CAPTURE(name);
        CHECK_FALSE(capture.object().contains(name));
    }
}

TEST_CASE("a refusal of ours has its code, its limit and its wait in the line") {
    const Capture capture;
    policy::AccessRecord record = typical();
    policy::Effects effects{.shed = "memory",
                            .reduced = "payments",
                            .limit = {"standard", "refused", 7, true},
                            .queued = 1500us,
                            .bulkhead = "backend payments",
                            .cache = "stale",
                            .cache_detail = "stale-if-error",
                            .fallback = "static"};
    record.effects = &effects;
    record.code = "overloaded";
    SUBCASE("in JSON") {
        written(record, logging::Format::json, capture);
        const boost::json::object line = capture.object();
        CHECK(line.at("code").as_string() == "overloaded");
        CHECK(line.at("shed").as_string() == "memory");
        CHECK(line.at("reduced").as_string() == "payments");
        CHECK(line.at("rate_limit").as_string() == "standard");
        CHECK(line.at("rate_limit_result").as_string() == "refused");
        CHECK(line.at("rate_limit_left").as_int64() == 7);
        CHECK(line.at("rate_limit_refunded").as_bool());
        CHECK(line.at("bulkhead").as_string() == "backend payments");
        CHECK(line.at("bulkhead_ms").as_double() == doctest::Approx(1.5));
        CHECK(line.at("cache").as_string() == "stale");
        CHECK(line.at("cache_detail").as_string() == "stale-if-error");
        CHECK(line.at("fallback").as_string() == "static");
    }
    SUBCASE("in text") {
        const std::string text = written(record, logging::Format::text, capture);
        CHECK(
            text.contains(" shed=memory reduced=payments rate_limit=standard rate_limit_result=refused "
                          "bulkhead=\"backend payments\" cache=stale cache_detail=stale-if-error fallback=static "
                          "bulkhead_ms=1.500"));
        CHECK(text.contains(" code=overloaded"));
    }
}

TEST_CASE("a log that is off writes nothing") {
    const Capture capture;
    boost::asio::io_context context(1);
    net::Loop loop(context);
    policy::AccessLog log(loop, false);
    log.write(typical());
    CHECK_FALSE(log.on());
    CHECK(capture.text().empty());
}

TEST_CASE("lines wait for the end of the turn, and leave earlier when 64 KiB have come together") {
    const Capture capture;
    logging::set_up(logging::Level::info, logging::Format::json);
    boost::asio::io_context context(1);
    net::Loop loop(context);
    policy::AccessLog log(loop, true);
    log.write(typical());
    CHECK(capture.text().empty());
    context.poll();
    CHECK(capture.lines().size() == 1);
    for (int i = 0; i < 1000; ++i) {
        log.write(typical());
    }
    const std::size_t early = capture.lines().size();
    CHECK(early > 100);
    CHECK(early < 1001);
    context.restart();
    context.poll();
    CHECK(capture.lines().size() == 1001);
}

TEST_CASE("a time that runs backwards is no time") {
    const Capture capture;
    policy::AccessRecord record = typical();
    record.duration = -5ms;
    written(record, logging::Format::json, capture);
    CHECK(capture.object().at("duration_ms").as_double() == 0);
}
