// Rate limits and bulkheads among the policies of a file, and what is wrong with them.
#include <doctest/doctest.h>

#include "connector/config/check.h"
#include "tests/unit/config/loading.h"

namespace adit::config {
namespace {

using test::errors_of;
using test::loaded;
using namespace std::chrono_literals;

/// A route with that, and these policies.
std::string file(const std::string& route, const std::string& policies) {
    return "backends: {a: {endpoints: [http://x]}}\nroutes:\n  - {match: {}, backend: a, " + route +
           "}\npolicies:\n  " + policies + "\n";
}

bool refused(const std::string& text, std::string_view words) {
    const std::string errors = errors_of(text);
    CAPTURE(errors);
    return errors.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a route names ways to tell who calls and limits in one list") {
    const Configuration read = loaded(file("policies: [api-key, standard, few]",
                                           "standard: {rate_limit: {limits: [{requests: 100, per: 1m}]}}\n"
                                           "  few: {bulkhead: {per: client_ip, concurrent: 3}}"));
    const RouteRule& route = read.routes.at(0);
    CHECK(route.policies == std::vector<std::string>{"api-key", "standard", "few"});
    CHECK(route.authentication == std::vector<std::string>{"api-key"});
    CHECK(route.limits == std::vector<std::string>{"standard", "few"});
    CHECK(read.enforces_access);
    REQUIRE(read.policy("standard"));
    const RateLimit& limit = *read.policy("standard")->rate_limit;
    CHECK(limit.limits == RateWindows{{.requests = 100, .per = 1min}});
    CHECK(limit.by.of == RateLimit::Key::Of::consumer);
    const BulkheadPolicy& bulkhead = *read.policy("few")->bulkhead;
    CHECK(bulkhead.per == BulkheadPolicy::Per::client_ip);
    CHECK(bulkhead.bulkhead.concurrent == 3);
    CHECK(bulkhead.bulkhead.queue == defaults::bulkhead_queue);
}

TEST_CASE("limits alone ask nobody who calls") {
    CHECK_FALSE(loaded(file("policies: [standard]", "standard: {rate_limit: {by: client_ip, limits: [{requests: 1}]}}"))
                    .enforces_access);
    CHECK(
        loaded(file("policies: [standard]", "standard: {rate_limit: {limits: [{requests: 1}]}}\n  idle: {api_key: {}}"))
            .enforces_access);
}

TEST_CASE("a limit has tiers by an attribute of its consumers") {
    const Configuration read =
        loaded(file("policies: [p]",
                    "p: {rate_limit: {limits: [{requests: 1}], tier: plan, tiers: {gold: [{requests: 9, per: 1h, "
                    "burst: 3}], staff: []}}}"));
    const RateLimit& limit = *read.policy("p")->rate_limit;
    CHECK(limit.tier == "plan");
    CHECK(limit.tiers.at("gold") == RateWindows{{.requests = 9, .per = 1h, .burst = 3}});
    CHECK(limit.tiers.at("staff").empty());
}

TEST_CASE("what is wrong with a limit is said with its place") {
    const auto limit = [](const std::string& settings) {
        return file("policies: [p]", "p: {rate_limit: {" + settings + "}}");
    };
    CHECK(refused(limit("by: consumer"), "limits"));
    CHECK(refused(limit("limits: []"), "at least one limit"));
    CHECK(refused(limit("limits: [{per: 1s}]"), "requests"));
    CHECK(refused(limit("limits: [{requests: 1}], tier: plan"), "'tier' means nothing without 'tiers'"));
    CHECK(refused(limit("limits: [{requests: 1}], tiers: {a: []}"), "'tiers' means nothing without 'tier'"));
    CHECK(refused(limit("limits: [{requests: 1}], by: header"), "client_ip"));
    for (const char* field : {"X-Forwarded-For", "x-forwarded-host", "Forwarded", "X-Real-IP"})
        CHECK(refused(limit(std::string("limits: [{requests: 1}], by: header ") + field), "by: client_ip"));
    CHECK(refused(limit("limits: [{requests: 1}], ban_for: 1m"), "'ban_for' means nothing without 'ban_after'"));
    CHECK(refused(file("policies: [p]", "p: {rate_limit: {limits: [{requests: 1}]}, basic: {}}"), "a policy has one"));
    CHECK(refused(file("policies: [p, p]", "p: {rate_limit: {limits: [{requests: 1}]}}"), "in this list already"));
    CHECK(refused(file("policies: [standart]", "standard: {rate_limit: {limits: [{requests: 1}]}}"),
                  "did you mean 'standard'"));
    CHECK(refused(file("policies: [basic]", "basic: {rate_limit: {limits: [{requests: 1}]}}"), "built-in policy"));
    CHECK(refused(file("policies: [p], cost: 4", "p: {rate_limit: {limits: [{requests: 10, burst: 3}]}}"),
                  "a request costs 4 tokens, and policy 'p' never has more than 3 at once"));
    CHECK(refused(file("bulkhead: {concurrent: 2, adaptive: {minimum: 3}}", "q: {basic: {}}"), "above the most"));
    CHECK(
        refused("listeners: [{address: \":1\", forward_proxy: {policies: [p]}}]\npolicies: {p: {rate_limit: {limits: "
                "[{requests: 1}]}}}\n",
                "a forward proxy has ways to tell who calls"));
}

TEST_CASE("a limit of consumers where nobody is known is pointed out") {
    const auto notices_of = [](const std::string& policies, const std::string& limit) {
        std::string all;
        for (const std::string& one : notices(loaded(file("policies: [" + policies + "]", "p: {" + limit + "}"))))
            all += one + "\n";
        return all;
    };
    const std::string by_consumer = "rate_limit: {limits: [{requests: 1}]}";
    CHECK(notices_of("p", by_consumer).find("counts by consumer, and nobody is authenticated") != std::string::npos);
    CHECK(notices_of("p", "bulkhead: {}").find("counts by consumer") != std::string::npos);
    CHECK(notices_of("api-key, p", by_consumer).find("counts by") == std::string::npos);
    CHECK(notices_of("p", "rate_limit: {by: client_ip, limits: [{requests: 1}]}").find("counts by") ==
          std::string::npos);
}

}  // namespace adit::config
