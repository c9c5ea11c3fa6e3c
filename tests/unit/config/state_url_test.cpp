// URLs of a Redis and of sentinels, and how they stand in a configuration.
#include "connector/config/state_url.h"

#include <doctest/doctest.h>

#include "connector/config/load.h"
#include "tests/unit/yaml/support.h"

using namespace adit;
using namespace adit::config;
using Kind = State::Server::Kind;

namespace {

std::string errors_of(const std::string& state) {
    const yaml::test::TemporaryFiles files;
    const auto loaded = load(
        files.write("adit.yaml", "backends: {a: {endpoints: [http://x]}}\nroutes: [{match: {}, backend: a}]\nstate: " +
                                     state + "\n"),
        yaml::test::environment());
    return loaded ? "" : yaml::test::lines(loaded.error(), files.directory());
}

}  // namespace

TEST_CASE("a server has an address, a database, and who we are") {
    const auto plain = parse_state_url("redis://cache.internal");
    REQUIRE(plain);
    CHECK(plain->addresses == std::vector<net::HostPort>{{"cache.internal", 6379}});
    CHECK((plain->kind == Kind::server && !plain->tls && plain->database == 0));
    const auto full = parse_state_url("rediss://adit:p%40ss%3A%2f@[fd00::1]:7000/3");
    REQUIRE(full);
    CHECK(full->addresses == std::vector<net::HostPort>{{"fd00::1", 7000}});
    CHECK((full->tls && full->database == 3 && full->user == "adit" && full->password.reveal() == "p@ss:/"));
    CHECK(parse_state_url("redis://:a:b@x")->password.reveal() == "a:b");
    CHECK(parse_state_url("redis://:a@b@x")->password.reveal() == "a@b");
}

TEST_CASE("sentinels are several, and know a master by its name") {
    const auto url = parse_state_url("redis+sentinel://:s@a,b:1,[::1]:2/main/4");
    REQUIRE(url);
    CHECK(url->kind == Kind::sentinel);
    CHECK(url->addresses == std::vector<net::HostPort>{{"a", 26379}, {"b", 1}, {"::1", 2}});
    CHECK((url->master == "main" && url->database == 4 && url->password.reveal() == "s"));
    CHECK(parse_state_url("rediss+sentinel://a/main")->tls);
}

TEST_CASE("what is wrong is told without the password") {
    for (const char* text : {"http://x", "redis://", "redis://a,b", "redis://x/zero", "redis://x/99999", "redis://x:0",
                             "redis://u@x", "redis://:hidden%zz@x", "redis://:hidden%4", "redis+sentinel://a,b",
                             "redis+sentinel://a//1", "redis://:hidden@a b"}) {
        CAPTURE(text);
        const auto url = parse_state_url(text);
        REQUIRE_FALSE(url);
        CHECK_FALSE(url.error().message.contains("hidden"));
        CHECK_FALSE(errors_of(std::string("'") + text + "'").contains("hidden"));
        CHECK_FALSE(errors_of(std::string("{url: '") + text + "'}").empty());
    }
}

TEST_CASE("a URL alone is enough, and a map says more") {
    CHECK(errors_of("redis://x") == "");
    CHECK(errors_of("{url: 'rediss://x', server_name: y, prefix: shop, timeout: 20ms, sentinel_password: z}") == "");
    CHECK_FALSE(errors_of("{ca: /x}") == "");
    CHECK_FALSE(errors_of("{url: 'redis://x', timeout: 0s}") == "");
}
