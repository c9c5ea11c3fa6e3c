// The health check asks a running server and believes nothing else.
#include "common/status/probe.h"

#include <doctest/doctest.h>

#include <chrono>

#include "tests/unit/status/client.h"

using namespace adit;
using status::test::Running;

TEST_CASE("ready is 200 and its body") {
    const Running server;
    CHECK(status::get({server.address()}, "/ready").value() == "{\"ready\":true}\n");
    CHECK(status::get({net::HostPort{"localhost", server.address().port}}, "/ready"));
    CHECK(status::get({net::HostPort{"0.0.0.0", server.address().port}}, "/ready"));
}

TEST_CASE("not ready says why") {
    Running server;
    server.ready = false;
    const auto answer = status::get({server.address()}, "/ready");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "status 503: {\"ready\":false,\"reason\":\"no session\"}");
}

TEST_CASE("a port where nobody listens is said at once") {
    net::HostPort free{"127.0.0.1", 1};
    const auto answer = status::get({free}, "/ready");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message.starts_with("no answer from 127.0.0.1:1: "));
}

TEST_CASE("a server that never answers costs two seconds, not more") {
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor silent(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
    const auto started = std::chrono::steady_clock::now();
    CHECK_FALSE(status::get({net::HostPort{"127.0.0.1", silent.local_endpoint().port()}}, "/ready"));
    CHECK(std::chrono::steady_clock::now() - started < std::chrono::milliseconds(3500));
}

TEST_CASE("a host name is refused: a health check needs no DNS") {
    const auto answer = status::get({net::HostPort{"agent.example", 20241}}, "/ready");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().usage);
}
