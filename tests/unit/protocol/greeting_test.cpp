// What connector and agent tell each other first.
#include "common/protocol/greeting.h"

#include <doctest/doctest.h>

using namespace adit;

TEST_CASE("an invitation crosses with everything in it, the time in whole seconds") {
    protocol::Invitation invitation{"adit-1", 4, 8, std::chrono::milliseconds(500),
                                    parse_time("2026-01-02T03:04:05Z").value()};
    const auto read = protocol::Invitation::from_request(invitation.to_request());
    CHECK(read.instance == "adit-1");
    CHECK(read.workers == 4);
    CHECK(read.wanted_sessions == 8);
    CHECK(read.probe_interval == std::chrono::milliseconds(500));
    REQUIRE(read.time);
    CHECK(format_time(*read.time) == "2026-01-02T03:04:05Z");
}

TEST_CASE("a time that is missing or odd is no time") {
    CHECK_FALSE(protocol::Invitation::from_request(protocol::Invitation().to_request()).time);
    h2::Fields fields = protocol::Invitation().to_request();
    fields.add("adit-time", "yesterday");
    CHECK_FALSE(protocol::Invitation::from_request(fields).time);
}

TEST_CASE("words of an agent that are too long are cut between characters") {
    const std::string host = std::string(255, 'a') + "\u00e9";
    const auto read = protocol::Introduction::from_json("{\"agent\":\"agt_1\",\"host\":\"" + host + "\"}");
    REQUIRE(read);
    CHECK(read->host == std::string(255, 'a'));
    CHECK(protocol::Introduction::from_json(read->to_json()));
}

TEST_CASE("an agent whose id could not be one is refused") {
    CHECK(protocol::Introduction::from_json(R"({"agent":"agt_0123456789abcdef"})"));
    for (const char* id : {R"(agt_\u001b[31m)", R"(agt_1\n! tunnel t1: forged)", R"(a\u0000)", "a b", R"(x\"} 1)",
                           "<b>", "\u00e9", "\u202e"}) {
        CAPTURE(id);
        CHECK_FALSE(protocol::Introduction::from_json("{\"agent\":\"" + std::string(id) + "\"}"));
    }
    CHECK_FALSE(protocol::Introduction::from_json("{\"agent\":\"" + std::string(65, 'a') + "\"}"));
}

TEST_CASE("what either side says of itself is one printable line") {
    const auto read = protocol::Introduction::from_json(
        R"({"agent":"agt_1","version":"1\u0007","host":"h\u001b[2J\n","labels":{"a\r":"\u202e"},"allow":["\u009b"]})");
    REQUIRE(read);
    CHECK(read->version == "1\\u0007");
    CHECK(read->host == "h\\u001b[2J\\n");
    CHECK(read->labels.at("a\\u000d") == "\\u202e");
    CHECK(read->allow.front() == "\\u009b");
    h2::Fields fields;
    fields.add("adit-instance", "adit-1\t\u009b31m");
    CHECK(protocol::Invitation::from_request(fields).instance == "adit-1\\u0009\\u009b31m");
}
