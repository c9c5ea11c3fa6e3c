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

TEST_CASE("a name of an agent that is too long is cut between characters") {
    const std::string name = std::string(255, 'a') + "\u00e9";
    const auto read = protocol::Introduction::from_json("{\"agent\":\"" + name + "\"}");
    REQUIRE(read);
    CHECK(read->agent == std::string(255, 'a'));
    CHECK(protocol::Introduction::from_json(read->to_json()));
}
