// The first words to a Redis and to a sentinel, and what their answers mean.
#include "connector/state/greeting.h"

#include <doctest/doctest.h>

#include "connector/config/state_url.h"

using namespace adit;
using namespace adit::state;
using Kind = Reply::Kind;

namespace {

config::State state_of(std::string_view url) {
    return {.server = config::parse_state_url(url).value()};
}

std::vector<std::string> steps(const Greeting& greeting) {
    std::vector<std::string> all;
    for (const Greeting::Step& step : greeting.steps) all.emplace_back(step.what);
    return all;
}

Reply error(std::string text) {
    return {.kind = Kind::error, .text = std::move(text)};
}

Reply role(std::string text) {
    return {.kind = Kind::array, .items = {{.kind = Kind::text, .text = std::move(text)}}};
}

}  // namespace

TEST_CASE("who we are comes first, then the database, then what the server is") {
    const Script script("return 1");
    const std::vector<const Script*> scripts{&script};
    CHECK(steps(Greeting::of_server(state_of("redis://a"), "me", {})) ==
          std::vector<std::string>{"CLIENT SETNAME", "ROLE"});
    const auto full = Greeting::of_server(state_of("redis://who:p%40ss@a/3"), "me", scripts);
    CHECK(steps(full) == std::vector<std::string>{"AUTH", "SELECT", "CLIENT SETNAME", "ROLE", "SCRIPT LOAD"});
    CHECK(full.steps[0].command == "*3\r\n$4\r\nAUTH\r\n$3\r\nwho\r\n$4\r\np@ss\r\n");
    const auto password = Greeting::of_server(state_of("redis://:secret@a"), "me", {});
    CHECK(password.steps[0].command == "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
}

TEST_CASE("a replica is no master, and a refusal says of what, but not the password") {
    const auto greeting = Greeting::of_server(state_of("redis://:secret@a"), "me", {});
    const auto refused = judge(greeting.steps[0], error("ERR unknown command 'AUTH', with args 'secret'"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "AUTH: ERR");
    CHECK(judge(greeting.steps[1], error("NOPERM no permission")));
    CHECK_FALSE(judge(greeting.steps[1], error("NOAUTH Authentication required.")));
    CHECK(judge(greeting.steps[2], role("master")));
    CHECK_FALSE(judge(greeting.steps[2], role("slave")));
}

TEST_CASE("of a server that sentinels have named, the role has to be known") {
    const auto greeting = Greeting::of_server(state_of("redis+sentinel://a,b/main"), "me", {});
    CHECK_FALSE(judge(greeting.steps[1], error("NOPERM no permission")));
}

TEST_CASE("a sentinel names the master, or knows none") {
    const auto greeting = Greeting::of_sentinel(state_of("redis+sentinel://a:1,b/main"));
    CHECK(greeting.steps.back().command == "*3\r\n$8\r\nSENTINEL\r\n$23\r\nget-master-addr-by-name\r\n$4\r\nmain\r\n");
    const auto named = [](std::string host, std::string port) {
        return Reply{
            .kind = Kind::array,
            .items = {{.kind = Kind::text, .text = std::move(host)}, {.kind = Kind::text, .text = std::move(port)}}};
    };
    CHECK(master_of(named("10.0.0.7", "6379"), "main").value() == net::HostPort{"10.0.0.7", 6379});
    CHECK(master_of(named("::1", "6379"), "main").value() == net::HostPort{"::1", 6379});
    CHECK_FALSE(master_of(named("10.0.0.7", "none"), "main"));
    CHECK(master_of(Reply(), "main").error().message == "it knows no master 'main'");
}
