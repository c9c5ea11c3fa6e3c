// Which route wins, for hosts and for paths, and that many routes cost no more than few.
#include "connector/route/router.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

// Counts what a match allocates: nothing is the contract. ThreadSanitizer brings operators of its own.
#if !__has_feature(thread_sanitizer)
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
#endif

namespace adit::route {
namespace {

const http::RequestHead anything;  ///< a request of which only host and path matter

struct Rule {
    std::string host;
    std::string path;
};

/// A router whose routes are named by their match: "host path".
Router router_of(const std::vector<Rule>& rules) {
    std::vector<config::RouteRule> result;
    for (const auto& [host, path] : rules)
        result.push_back({host + " " + path, {host, path}, "backend", result.size()});
    return Router(result);
}

std::string matched(const Router& router, std::string_view host, std::string_view path) {
    const auto* route = router.match(host, path, anything);
    return route ? route->name : "none";
}

}  // namespace

TEST_CASE("the exact host wins over the longest wildcard, that over shorter ones, and those over none") {
    const auto router = router_of({{"", "/**"},
                                   {"*.com", "/**"},
                                   {"*.example.com", "/**"},
                                   {"*.api.example.com", "/**"},
                                   {"api.example.com", "/**"},
                                   {"::1", "/**"}});
    struct Case {
        const char* host;
        const char* route;
    };
    const Case cases[] = {
        {"api.example.com", "api.example.com /**"},
        {"API.EXAMPLE.COM", "api.example.com /**"},
        {"api.example.com.", "api.example.com /**"},
        {"api.example.com:8443", "api.example.com /**"},
        {"Api.Example.Com.:8443", "api.example.com /**"},
        {"x.api.example.com", "*.api.example.com /**"},
        {"y.x.api.example.com", "*.api.example.com /**"},
        {"web.example.com", "*.example.com /**"},
        {"example.com", "*.com /**"},
        {"notexample.com", "*.com /**"},
        {".com", " /**"},
        {"com", " /**"},
        {"example.org", " /**"},
        {"", " /**"},
        {"[::1]:80", "::1 /**"},
        {"[::1]", "::1 /**"},
        {"[::1", " /**"},
    };
    for (const auto& [host, route] : cases) {
        CAPTURE(host);
        CHECK(matched(router, host, "/") == route);
    }
    CHECK(matched(router, std::string(300, 'a') + ".com", "/") == " /**");
}

TEST_CASE("a host whose paths do not match leaves the request to the next host pattern") {
    const auto router = router_of({{"", "/**"}, {"*.example.com", "/wild"}, {"api.example.com", "/exact"}});
    CHECK(matched(router, "api.example.com", "/exact") == "api.example.com /exact");
    CHECK(matched(router, "api.example.com", "/wild") == "*.example.com /wild");
    CHECK(matched(router, "api.example.com", "/other") == " /**");
}

TEST_CASE("of the paths that match, the most specific wins") {
    const auto router = router_of({{"", "/**"},
                                   {"", "/v1/**"},
                                   {"", "/v1/*"},
                                   {"", "/v1/payments"},
                                   {"", "/v1/payments/**"},
                                   {"", "/v1/payments/*/items"},
                                   {"", "/v1/*/refunds"},
                                   {"", "/v1/payments/"},
                                   {"", "/*/b"}});
    struct Case {
        const char* path;
        const char* route;
    };
    const Case cases[] = {
        {"/", " /**"},
        {"/x", " /**"},
        {"/v1", " /v1/**"},
        {"/v1/", " /v1/**"},
        {"/v1/x", " /v1/*"},
        {"/v1/x/", " /v1/**"},
        {"/v1/x/y", " /v1/**"},
        {"/v1/payments", " /v1/payments"},
        {"/v1/payments/", " /v1/payments/"},
        {"/v1/payments/7", " /v1/payments/**"},
        {"/v1/payments/7/items", " /v1/payments/*/items"},
        {"/v1/payments/7/items/", " /v1/payments/**"},
        {"/v1/payments//items", " /v1/payments/**"},
        {"/v1/payments/refunds", " /v1/payments/**"},
        {"/v1/cards/refunds", " /v1/*/refunds"},
        {"/v1/paymentsx", " /v1/*"},
        {"/v1/b", " /v1/*"},
        {"/a/b", " /*/b"},
        {"//b", " /**"},
        {"/V1", " /**"},
    };
    for (const auto& [path, route] : cases) {
        CAPTURE(path);
        CHECK(matched(router, "any", path) == route);
    }
}

TEST_CASE("a more specific start that leads nowhere does not hide a less specific match") {
    const auto router = router_of({{"", "/a/b/c"}, {"", "/*/b/d"}, {"", "/a/*/e"}});
    CHECK(matched(router, "", "/a/b/d") == " /*/b/d");
    CHECK(matched(router, "", "/a/b/e") == " /a/*/e");
    CHECK(matched(router, "", "/a/b/f") == "none");
}

TEST_CASE("** matches zero segments, * exactly one") {
    const auto router = router_of({{"", "/v1/**"}, {"", "/one/*"}});
    CHECK(matched(router, "", "/v1") == " /v1/**");
    CHECK(matched(router, "", "/v1/") == " /v1/**");
    CHECK(matched(router, "", "/v1/a/b/c") == " /v1/**");
    CHECK(matched(router, "", "/v11") == "none");
    CHECK(matched(router, "", "/one") == "none");
    CHECK(matched(router, "", "/one/") == "none");
    CHECK(matched(router, "", "/one/a") == " /one/*");
}

TEST_CASE("segments of any length are told apart by all of their characters") {
    const std::string fits(39, 'a');
    const std::string longer(40, 'a');
    const std::string other = longer + "b";
    const auto router = router_of({{"", "/" + fits}, {"", "/" + longer}, {"", "/" + other + "/" + other}});
    CHECK(matched(router, "", "/" + fits) == " /" + fits);
    CHECK(matched(router, "", "/" + longer) == " /" + longer);
    CHECK(matched(router, "", "/" + other + "/" + other) == " /" + other + "/" + other);
    CHECK(matched(router, "", "/" + other + "/" + longer) == "none");
    CHECK(matched(router, "", "/" + std::string(38, 'a')) == "none");
    CHECK(matched(router, "", "/" + std::string(70'000, 'a')) == "none");
}

TEST_CASE("of equal matches the first in the file wins") {
    std::vector<config::RouteRule> rules{{"first", {"", "/a"}, "one", 1}, {"second", {"", "/a"}, "two", 2}};
    const Router router(rules);
    const auto* route = router.match("", "/a", anything);
    REQUIRE(route);
    CHECK(route->name == "first");
    CHECK(route->destination.backend == "one");
    CHECK(route->destination.backend_index == 1);
    CHECK(route->index == 0);
}

TEST_CASE("no routes match nothing") {
    CHECK(Router({}).match("a", "/", anything) == nullptr);
}

TEST_CASE("ten thousand routes match in about the time of ten, without allocating") {
    const auto routes = [](int count) {
        std::vector<Rule> rules;
        for (int i = 0; i < count; ++i) {
            const auto n = std::to_string(i);
            rules.push_back({i % 2 ? "" : "h" + n + ".example.com", "/v" + n + "/payments/*/items/**"});
        }
        return router_of(rules);
    };
    const auto few = routes(10);
    const auto many = routes(10'000);
    CHECK(matched(many, "any", "/v9999/payments/7/items/1") == " /v9999/payments/*/items/**");
    CHECK(matched(many, "H9998.example.com:80", "/v9998/payments/7/items") ==
          "h9998.example.com /v9998/payments/*/items/**");
    CHECK(matched(many, "h9998.example.com", "/v9996/payments/7/items") == "none");

    const auto best_of_rounds = [](const Router& router, std::string_view host, std::string_view path) {
        auto best = std::chrono::nanoseconds::max();
        for (int round = 0; round < 20; ++round) {
            const auto start = std::chrono::steady_clock::now();
            for (int i = 0; i < 1000; ++i)
                if (!router.match(host, path, anything)) return std::chrono::nanoseconds::max();
            best = std::min(best, std::chrono::nanoseconds(std::chrono::steady_clock::now() - start));
        }
        return best;
    };
    const auto before = allocations;
    const auto time_of_few = best_of_rounds(few, "any.example.com", "/v9/payments/7/items/1");
    const auto time_of_many = best_of_rounds(many, "any.example.com", "/v9999/payments/7/items/1");
    CHECK(allocations == before);
    CHECK(time_of_many < 10 * time_of_few);  // 1000 times the routes; the slack is for caches and noise
    MESSAGE("10 routes: " << time_of_few.count() / 1000 << " ns, 10,000 routes: " << time_of_many.count() / 1000
                          << " ns");
}

TEST_CASE("of routes with one path the one that asks most and is met is taken") {
    config::Match plain{"", "/a/{id}"};
    config::Match get = plain;
    get.path = "/a/*";
    get.methods = {"GET", "HEAD"};
    config::Match canary = get;
    canary.headers = {{"X-Canary", "yes"}};
    config::Match debug = plain;
    debug.parameters = {{"debug", "*"}, {"level", "2"}};
    const Router router({{"plain", plain, "b"},
                         {"get", get, "b"},
                         {"canary", canary, "b"},
                         {"debug", debug, "b"},
                         {"rest", {"", "/**"}, "b"}});
    const auto taken = [&](std::string_view method, std::string_view query, std::string_view header) {
        http::RequestHead request;
        request.method = method;
        request.query = query;
        if (!header.empty()) request.fields.push_back({"x-canary", header});
        return router.match("h", "/a/1", request)->name;
    };
    CHECK(taken("POST", "", "") == "plain");
    CHECK(taken("GET", "", "") == "get");
    CHECK(taken("HEAD", "?x=1", "no") == "get");
    CHECK(taken("GET", "", "yes") == "canary");
    CHECK(taken("POST", "", "yes") == "plain");
    CHECK(taken("POST", "?a&debug&level=2", "") == "debug");
    CHECK(taken("POST", "?debug=1&level=22", "") == "plain");
    const Router only_get({{"get", get, "b"}, {"rest", {"", "/**"}, "b"}});
    http::RequestHead post;
    post.method = "POST";
    CHECK(only_get.match("h", "/a/1", post)->name == "rest");
}

TEST_CASE("templates are filled in with what the path had") {
    const auto filled = [](std::string_view pattern, std::string_view text, std::string_view path) {
        return PathTemplate(pattern, text).expand("shop.example", path);
    };
    CHECK(filled("/v1/{id}/x", "/v2/{id}", "/v1/47/x") == "/v2/47");
    CHECK(filled("/a/{one}/*/{two}", "/{two}/{one}{one}", "/a/1/2/3") == "/3/11");
    CHECK(filled("/old/{rest**}", "/new/{rest}", "/old/a/b/") == "/new/a/b/");
    CHECK(filled("/old/{rest**}", "/new/{rest}", "/old") == "/new/");
    CHECK(filled("/**", "https://{host}{path}", "/a/b") == "https://shop.example/a/b");
    CHECK(filled("/old/{rest**}", "/{rest}", "/old//evil.example/x") == "/evil.example/x");  // no other host by "//"
    CHECK(filled("/old/{rest**}", "/{rest}", "/old////") == "/");
    CHECK(filled("/{a}", "plain", "/x") == "plain");
}

}  // namespace adit::route
