// Rules, and what the hops of a request decide together.
#include "connector/access/rule.h"

#include <doctest/doctest.h>

namespace adit::access {
namespace {

Caller caller(std::string consumer, std::string project, std::string environment) {
    return {.consumer = std::move(consumer),
            .project = std::move(project),
            .environment = std::move(environment),
            .attributes = {},
            .by = {}};
}

const Caller kShop = caller("storefront", "shop", "production");
const Caller kPreview = caller("storefront", "shop", "preview");
const Caller kPlain = caller("tool", "tool", "");
const Caller kNobody = caller(std::string(kAnonymous), "", "");

Rule consumer(std::string name, std::vector<std::string> environments = {"*"}) {
    return {.consumer = std::move(name), .project = {}, .environments = std::move(environments)};
}
Rule project(std::string name, std::vector<std::string> environments = {"*"}) {
    return {.consumer = {}, .project = std::move(name), .environments = std::move(environments)};
}

}  // namespace

TEST_CASE("a rule allows its consumer or project in its environments") {
    struct Row {
        Rule rule;
        Caller caller;
        bool allowed;
    };
    const Row rows[] = {
        {consumer("storefront"), kShop, true},
        {consumer("storefront", {"production"}), kShop, true},
        {consumer("storefront", {"production"}), kPreview, false},
        {consumer("storefront", {"staging", "preview"}), kPreview, true},
        {consumer("storefront", {}), kShop, false},
        {consumer("tool"), kShop, false},
        {consumer("tool"), kPlain, true},
        {consumer("tool", {""}), kPlain, true},
        {consumer("tool", {"production"}), kPlain, false},
        {consumer("*"), kPlain, true},
        {consumer("*", {"production"}), kPlain, false},
        {consumer("*"), kNobody, false},
        {consumer("anonymous"), kNobody, true},
        {consumer("anonymous", {"production"}), kNobody, false},
        {consumer("anonymous"), kShop, false},
        {project("shop"), kShop, true},
        {project("shop", {"production"}), kPreview, false},
        {project("storefront"), kShop, false},
        {project(""), kNobody, false},
        {project("Shop"), kShop, false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.rule.text());
        CAPTURE(row.caller.consumer);
        CHECK(row.rule.allows(row.caller) == row.allowed);
    }
}

TEST_CASE("a rule says itself in words") {
    CHECK(consumer("a", {"production", "preview"}).text() == "consumer a in production, preview");
    CHECK(consumer("*").text() == "any consumer in any environment");
    CHECK(project("shop", {}).text() == "project shop in no environment");
}

TEST_CASE("without a rule nobody may") {
    CHECK_FALSE(decide(kShop, {.route = "r"}).allowed);
    CHECK(decide(kShop, {.route = "r"}).reason == "route r has no access rule");
    CHECK(decide(kShop, {.route = "r", .service = "s", .tunnel = "t"}).reason == "service s has no access rule");
    CHECK_FALSE(decide(kNobody, {.route = "r"}).allowed);
}

TEST_CASE("anonymous callers come by routes that say so, and no further") {
    CHECK(decide(kNobody, {.route = "r", .route_is_anonymous = true}).allowed);
    CHECK_FALSE(decide(kShop, {.route = "r", .route_is_anonymous = true}).allowed);
    CHECK_FALSE(decide(kNobody, {.route = "r", .route_is_anonymous = true, .service = "s"}).allowed);
    const Rules named{consumer("anonymous")};
    CHECK(decide(kNobody, {.route = "r", .route_is_anonymous = true, .service = "s", .service_rules_here = &named})
              .allowed);
    const Rules others{consumer("storefront")};
    CHECK_FALSE(decide(kNobody, {.route = "r", .route_rules = &others, .route_is_anonymous = true}).allowed);
}

TEST_CASE("every hop that has rules must allow, and a service needs one of its own or of its tunnel") {
    const Rules shop{consumer("storefront", {"production"})};
    const Rules tool{consumer("tool")};
    const Rules none;
    const auto ask = [&](const Rules* route, const Rules* service, const Rules* here, const Rules* tunnel) {
        return decide(kShop, {.route = "r",
                              .route_rules = route,
                              .service = "s",
                              .service_rules = service,
                              .service_rules_here = here,
                              .tunnel = "t",
                              .tunnel_rules = tunnel});
    };
    CHECK(ask(nullptr, &shop, nullptr, nullptr).allowed);
    CHECK(ask(nullptr, nullptr, &shop, nullptr).allowed);
    CHECK(ask(nullptr, nullptr, nullptr, &shop).allowed);
    CHECK(ask(nullptr, &tool, &shop, nullptr).allowed);
    CHECK(ask(nullptr, &shop, &tool, nullptr).allowed);
    CHECK(ask(&shop, &shop, nullptr, &shop).allowed);
    CHECK_FALSE(ask(&shop, nullptr, nullptr, nullptr).allowed);
    CHECK_FALSE(ask(&tool, &shop, nullptr, nullptr).allowed);
    CHECK_FALSE(ask(nullptr, &shop, nullptr, &tool).allowed);
    CHECK_FALSE(ask(nullptr, &tool, nullptr, &shop).allowed);
    CHECK_FALSE(ask(nullptr, &none, nullptr, &shop).allowed);
    CHECK_FALSE(ask(nullptr, nullptr, nullptr, &none).allowed);
    CHECK(ask(&shop, &shop, nullptr, nullptr).reason ==
          "route r allows consumer storefront in production; service s allows consumer storefront in production");
    CHECK(ask(nullptr, &tool, nullptr, nullptr).reason == "service s allows no consumer storefront in production");
}

}  // namespace adit::access
