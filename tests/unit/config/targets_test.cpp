// Backends and routes that name each other: splits, mirrors and internal:// endpoints.
#include <doctest/doctest.h>

#include "tests/unit/config/loading.h"

namespace adit::config {
namespace {

using test::errors_of;
using yaml::test::environment;
using yaml::test::TemporaryFiles;

constexpr const char* kBackends = "backends: {a: {endpoints: [http://x]}, b: {endpoints: [http://y]}}\n";

std::string errors_of_route(const std::string& route) {
    return errors_of(kBackends + ("routes:\n  - {match: {}, " + route + "}\n"));
}

/// Routes r0, r1, ... of which each leads to the next, the last one to `last`.
std::string chain_of(std::size_t routes, const std::string& last) {
    std::string backends = "backends:\n  a: {endpoints: [http://x]}\n";
    std::string text = "routes:\n";
    for (std::size_t i = 0; i < routes; ++i) {
        const std::string n = std::to_string(i);
        const bool ends = i + 1 == routes;
        if (!ends) backends += "  to" + n + ": {endpoints: [internal://r" + std::to_string(i + 1) + "]}\n";
        text += "  - {name: r" + n + ", match: {path: /" + n + "}, backend: " + (ends ? last : "to" + n) + "}\n";
    }
    return backends + text;
}

}  // namespace

TEST_CASE("splits, mirrors and internal endpoints are resolved to indices") {
    const TemporaryFiles files;
    const auto loaded = load(files.write("adit.yaml", R"(backends:
  a: {endpoints: [http://x]}
  inner: {endpoints: [internal://last]}
routes:
  - match: {path: /s}
    split: [{backend: inner, weight: 90}, {backend: a, weight: 10}]
    split_by: cookie sid
    mirror: {backend: a, percent: 5, body_bytes: 1KiB, in_flight: 7}
  - {name: last, match: {path: /l}, backend: a}
  - {match: {path: /i}, backend: inner}
)"),
                             environment());
    REQUIRE_MESSAGE(loaded, loaded.error().text());
    const RouteRule& first = loaded->routes[0];
    REQUIRE(first.split.size() == 2);
    CHECK(first.split[0].backend_index == 1);
    CHECK(first.split[0].inner_route == 1);
    CHECK(first.split[1].backend_index == 0);
    CHECK(first.split[1].weight == 10);
    CHECK_FALSE(first.split[1].inner_route.has_value());
    CHECK(first.split_by.of == SplitBy::Of::cookie);
    CHECK(first.split_by.name == "sid");
    REQUIRE(first.mirror);
    CHECK(first.mirror->backend_index == 0);
    CHECK(first.mirror->percent == 5);
    CHECK(first.mirror->body_bytes == 1024);
    CHECK(first.mirror->in_flight == 7);
    CHECK(loaded->routes[2].inner_route == 1);
}

TEST_CASE("each error of a split and of a mirror has its place") {
    struct Case {
        const char* route;
        const char* errors;
    };
    const Case cases[] = {
        {"split: [{backend: a, weight: 0}, {backend: b, weight: 0}]",
         "adit.yaml:3:24: no backend of this split has a weight above 0\n"},
        {"split: []", "adit.yaml:3:24: no backend of this split has a weight above 0\n"},
        {"split: [{backend: c, weight: 1}]",
         "adit.yaml:3:35: there is no backend 'c'; did you mean 'a'? (backends: a, b)\n"},
        {"split: [{backend: a}]", "adit.yaml:3:25: 'weight' is missing in a share\n"},
        {"split: [{backend: a, weight: 1}, {backend: a, weight: 2}]",
         "adit.yaml:3:60: backend 'a' has a share of this split already\n"},
        {"backend: a, split: [{backend: a, weight: 1}]",
         "adit.yaml:3:5: a route has one of backend, split, redirect and static\n"},
        {"backend: a, split_by: client_ip", "adit.yaml:3:39: split_by belongs to a route with a split\n"},
        {"split: [{backend: a, weight: 1}], split_by: ip",
         "adit.yaml:3:61: \"ip\" is not what decides about a share: write header NAME, cookie NAME or client_ip\n"},
        {"split: [{backend: a, weight: 1}], split_by: header",
         "adit.yaml:3:61: \"header\" is not what decides about a share: after header stands its name\n"},
        {"backend: a, mirror: {backend: c}",
         "adit.yaml:3:47: there is no backend 'c'; did you mean 'a'? (backends: a, b)\n"},
        {"static: {}, mirror: {backend: a}", "adit.yaml:3:37: mirror belongs to a route with a backend or a split\n"},
        {"backend: a, mirror: {backend: b, percent: 101}",
         "adit.yaml:3:59: expected a number from 0 to 100, found \"101\"\n"},
    };
    for (const auto& [route, errors] : cases) {
        CAPTURE(route);
        CHECK(errors_of_route(route) == errors);
    }
}

TEST_CASE("an internal endpoint stands alone and names a route that has a name") {
    const auto errors = [](const std::string& backend) {
        return errors_of("backends:\n  i: {" + backend + "}\nroutes:\n  - {name: r, match: {}, static: {}}\n");
    };
    CHECK(errors("endpoints: [internal://r]") == "");
    CHECK(errors("endpoints: [internal://s]") ==
          "adit.yaml:2:19: there is no route 's'; did you mean 'r'? (routes with a name: r)\n");
    CHECK(errors("endpoints: [internal://r/x]").contains("after internal:// stands the name of a route"));
    CHECK(errors("endpoints: [http://x, internal://r]") ==
          "adit.yaml:2:29: internal://r is a backend's only endpoint; split requests over backends instead\n");
    CHECK(errors("endpoints: [internal://r], timeouts: {total: 5s}") ==
          "adit.yaml:2:34: timeouts means nothing to internal://r: the backend of that route has its own\n");
    CHECK(
        errors_of("backends: {i: {endpoints: [internal://r]}}\nroutes:\n  - {name: r, match: {path: /r}, static: {}}\n"
                  "  - {match: {}, split: [{backend: i, weight: 1}], mirror: {backend: i}}\n") ==
        "adit.yaml:4:69: a mirror's backend has endpoints of its own, not internal://ROUTE\n");
}

TEST_CASE("routes that lead back to themselves are refused, and ways that are too long") {
    CHECK(errors_of(chain_of(1, "a")) == "");
    CHECK(errors_of(chain_of(bounds::inner_routes, "a")) == "");
    CHECK(errors_of(chain_of(bounds::inner_routes + 1, "a")).contains("route 'r0' leads through more than 16 routes"));
    CHECK(errors_of(
              "backends:\n  self: {endpoints: [internal://r]}\nroutes:\n  - {name: r, match: {}, backend: self}\n") ==
          "adit.yaml:2:22: route 'r' leads back to itself by this one\n");
    CHECK(errors_of("backends:\n  i: {endpoints: [internal://one]}\n  j: {endpoints: [internal://two]}\n"
                    "  a: {endpoints: [http://x]}\nroutes:\n  - {name: in, match: {path: /}, backend: i}\n"
                    "  - {name: one, match: {path: /1}, split: [{backend: a, weight: 1}, {backend: j, weight: 0}]}\n"
                    "  - {name: two, match: {path: /2}, backend: i}\n") ==
          "adit.yaml:2:19: route 'one' leads back to itself by this one\n");
    CHECK(errors_of(chain_of(1'500, "to0")).contains("leads back to itself"));
}

}  // namespace adit::config
