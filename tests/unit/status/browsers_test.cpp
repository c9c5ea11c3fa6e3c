// Requests that pages make in browsers, and those of operators and their tools.
#include "common/status/browsers.h"

#include <doctest/doctest.h>

#include "tests/unit/status/client.h"

using namespace adit;
using status::from_a_page;
using status::Place;
using status::Provenance;

namespace {

const Place kLoopback{.host = "127.0.0.1", .loopback = true};
const Place kPrivate{.host = "10.0.0.5", .loopback = false};

}  // namespace

TEST_CASE("whoever asks by an address or as localhost is no page") {
    for (const char* host : {"127.0.0.1:9090", "127.0.0.1", "[::1]:9090", "10.0.0.5:9090", "localhost:9090",
                             "LocalHost", "localhost.", "adit.localhost:9090"}) {
        CAPTURE(host);
        CHECK_FALSE(from_a_page(true, {.host = host}, kLoopback));
        CHECK_FALSE(from_a_page(false, {.host = host}, kLoopback));
    }
    CHECK_FALSE(from_a_page(true, {}, kLoopback));  // HTTP/1.0 without Host: no browser
}

TEST_CASE("a name that leads here is not ours") {
    for (const char* host : {"evil.example:9090", "127.0.0.1.evil.example", "evil-localhost", "localhost.evil.example",
                             "", "[evil]:1", "x"}) {
        CAPTURE(host);
        CHECK(from_a_page(true, {.host = host}, kLoopback));
        CHECK(from_a_page(false, {.host = host}, kLoopback));
        CHECK(from_a_page(true, {.host = host}, kPrivate));
    }
    CHECK_FALSE(from_a_page(false, {.host = "adit:9090"}, kPrivate));  // its metrics are asked for by name
}

TEST_CASE("over TLS the names of the certificate are ours, and over a path there is no name at all") {
    const Place secure{
        .host = "0.0.0.0", .loopback = false, .by_tls = true, .names = {"admin.example", "*.ops.example"}};
    for (const char* host : {"admin.example", "ADMIN.example:9901", "a.ops.example", "192.0.2.1:9901"}) {
        CAPTURE(host);
        CHECK_FALSE(from_a_page(true, {.host = host}, secure));
        CHECK_FALSE(from_a_page(false, {.host = host}, secure));
    }
    for (const char* host :
         {"evil.example", "a.b.ops.example", "ops.example", ".ops.example", "xadmin.example", "ops"}) {
        CAPTURE(host);
        CHECK(from_a_page(true, {.host = host}, secure));
        CHECK(from_a_page(false, {.host = host}, secure));
    }
    CHECK_FALSE(from_a_page(true, {.host = "adit.internal:9901"}, {.host = "Adit.Internal"}));
    const Place path{.host = "", .loopback = true, .reached_by_path = true};
    CHECK_FALSE(from_a_page(true, {.host = "whatever"}, path));
    CHECK(from_a_page(true, {.host = "whatever", .origin = "https://evil.example"}, path));
}

TEST_CASE("what changes something is refused to pages of any site") {
    const auto refused = [](bool changes, std::optional<std::string_view> origin,
                            std::optional<std::string_view> site) {
        return from_a_page(changes, {.host = "127.0.0.1", .origin = origin, .fetch_site = site}, kLoopback).has_value();
    };
    CHECK(refused(true, "https://evil.example", std::nullopt));
    CHECK(refused(true, "null", std::nullopt));
    CHECK(refused(true, std::nullopt, "cross-site"));
    CHECK(refused(true, std::nullopt, "same-site"));
    CHECK_FALSE(refused(true, std::nullopt, "same-origin"));
    CHECK_FALSE(refused(true, std::nullopt, "none"));
    CHECK_FALSE(refused(false, "https://evil.example", "cross-site"));  // reading changes nothing
}

TEST_CASE("the server answers 403 in words, and nothing happens") {
    status::test::Running server;
    int changed = 0;
    server.serve_below("/things/", [&](const status::Asked& asked) {
        changed += asked.changes ? 1 : 0;
        return status::Answer{};
    });
    const auto post = [&](const std::string& path, const std::string& fields) {
        return status::test::ask(server, "POST " + path + " HTTP/1.1\r\nConnection: close\r\n" + fields + "\r\n");
    };
    for (const char* fields : {"Host: localhost\r\nOrigin: https://evil.example\r\n", "Host: evil.example\r\n",
                               "Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n"}) {
        CAPTURE(fields);
        const std::string answer = post("/things/on", fields);
        CHECK(answer.starts_with("HTTP/1.1 403 "));
        CHECK((answer.find("a web page may not") != answer.npos || answer.find("asked by its address") != answer.npos));
        CHECK(post("/update/now", fields).starts_with("HTTP/1.1 403 "));
    }
    CHECK(changed == 0);
    CHECK(post("/things/on", "Host: localhost\r\n").starts_with("HTTP/1.1 200 "));
    CHECK(changed == 1);
}
