// Which caller the claims of a good token are.
#include "connector/policy/token_callers.h"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>

using namespace adit;
using namespace adit::policy;

namespace {

boost::json::object claims(std::string_view text) {
    return boost::json::parse(text).as_object();
}

config::Consumer listed(std::string name, std::vector<config::TokenName> tokens) {
    config::Consumer consumer;
    consumer.name = std::move(name);
    consumer.environment = "production";
    consumer.tokens = std::move(tokens);
    return consumer;
}

config::JwtPolicy settings_of_issuer() {
    config::JwtPolicy policy;
    policy.issuer = "https://i";
    return policy;
}

std::string consumer_of(const TokenCallers& callers, std::string_view text) {
    const auto caller = callers.find(claims(text));
    return caller ? (*caller)->consumer : "none: " + caller.error();
}

}  // namespace

TEST_CASE("a claim is found by its name, within objects, and by a name that has dots") {
    const auto object = claims(R"({"a":{"b":{"c":1},"b.c":2},"a.b":{"d":3},"https://x.y/z":4,"l":[1]})");
    const auto number = [&](std::string_view path) {
        const auto* claim = find_claim(object, path);
        return claim == nullptr || !claim->is_int64() ? 0 : claim->get_int64();
    };
    CHECK(number("a.b.c") == 2);
    CHECK(number("a.b.d") == 3);
    CHECK(number("https://x.y/z") == 4);
    CHECK(find_claim(object, "a.b.x") == nullptr);
    CHECK(find_claim(object, "l.0") == nullptr);
    CHECK(find_claim(object, "") == nullptr);
    CHECK(find_claim(object, "...") == nullptr);
}

TEST_CASE("a claim becomes one line, or nothing") {
    const auto text = [](std::string_view json) { return claim_text(boost::json::parse(json)).value_or("nothing"); };
    CHECK(text(R"("a b")") == "a b");
    CHECK(text("7") == "7");
    CHECK(text("true") == "true");
    CHECK(text(R"(["r1","r2",3])") == "r1 r2 3");
    CHECK(text("[]") == "");
    CHECK(text(R"("a\r\nx: y")") == "nothing");
    CHECK(text(R"(["a",{"b":1}])") == "nothing");
    CHECK(text(R"(["a","\u0000"])") == "nothing");
    CHECK(text("null") == "nothing");
    CHECK(text("{}") == "nothing");
}

TEST_CASE("the first consumer that lists the claims is the caller") {
    const Consumers consumers({listed("both", {{"https://i", {{"azp", "web"}, {"tenant", "t1"}}}}),
                               listed("web", {{"https://i", {{"azp", "web"}}}}),
                               listed("writers", {{"https://i", {{"realm.roles", "writer"}}}}),
                               listed("elsewhere", {{"https://j", {{"azp", "mobile"}}}}),
                               listed("rest", {{"https://i", {}}}),
                               listed("late", {{"https://i", {{"azp", "late"}}}})});
    const TokenCallers callers(settings_of_issuer(), "jwt idp", consumers);
    CHECK(consumer_of(callers, R"({"azp":"web","tenant":"t1"})") == "both");
    CHECK(consumer_of(callers, R"({"azp":"web","tenant":"t2"})") == "web");
    CHECK(consumer_of(callers, R"({"azp":"x","realm":{"roles":["reader","writer"]}})") == "writers");
    CHECK(consumer_of(callers, R"({"azp":"mobile"})") == "rest");
    CHECK(consumer_of(callers, R"({"azp":"late"})") == "rest");
    const auto caller = callers.find(claims(R"({"azp":"web"})"));
    REQUIRE(caller);
    CHECK((*caller)->environment == "production");
    CHECK((*caller)->by == "jwt idp");
}

TEST_CASE("whom no consumer lists is named by a claim, unless only listed ones may come") {
    auto settings = settings_of_issuer();
    settings.environment = "staging";
    const Consumers nobody({});
    const TokenCallers callers(settings, "jwt idp", nobody);
    CHECK(consumer_of(callers, R"({"sub":"u1"})") == "u1");
    CHECK((*callers.find(claims(R"({"sub":"u1"})")))->environment == "staging");
    for (const char* bad : {R"({})", R"({"sub":""})", R"({"sub":"*"})", R"({"sub":"anonymous"})", R"({"sub":["u1"]})",
                            R"({"sub":{"a":1}})", R"({"sub":"a\nb"})"}) {
        CHECK(consumer_of(callers, bad) == "none: its claim sub names nobody");
    }
    settings.listed_only = true;
    CHECK(consumer_of(TokenCallers(settings, "jwt idp", nobody), R"({"sub":"u1"})") == "none: no consumer lists it");
}

TEST_CASE("attributes come from claims, behind those that are configured") {
    auto settings = settings_of_issuer();
    settings.environment_claim = "env.name";
    settings.claims = {"team", "realm.roles", "missing"};
    auto consumer = listed("web", {{"https://i", {{"azp", "web"}}}});
    consumer.attributes = {{"team", "configured"}};
    const Consumers consumers({consumer});
    const TokenCallers callers(settings, "jwt idp", consumers);
    const auto known = callers.find(claims(R"({"azp":"web","team":"claimed","realm":{"roles":["a","b"]}})"));
    REQUIRE(known);
    CHECK((*known)->attributes.at("team") == "configured");
    CHECK((*known)->attributes.at("realm.roles") == "a b");
    CHECK_FALSE((*known)->attributes.contains("missing"));
    const auto named = callers.find(claims(R"({"sub":"u","env":{"name":"qa"},"team":"claimed"})"));
    REQUIRE(named);
    CHECK((*named)->environment == "qa");
    CHECK((*named)->attributes.at("team") == "claimed");
    CHECK((*callers.find(claims(R"({"sub":"u","env":{"name":"*"}})")))->environment.empty());
}

TEST_CASE("a claim that says more than text says nothing, and a caller's environment is what its claim says, or none") {
    const Consumers consumers({listed("web", {{"https://i", {{"azp", "web"}}}, {"https://i", {{"azp", "site"}}}})});
    auto settings = settings_of_issuer();
    CHECK(consumer_of(TokenCallers(settings, "jwt", consumers), R"({"azp":"site"})") == "web");
    CHECK(consumer_of(TokenCallers(settings, "jwt", consumers), R"({"azp":[{"web":1},"web"]})") == "web");
    CHECK(consumer_of(TokenCallers(settings, "jwt", consumers), R"({"azp":{"web":1},"sub":"u"})") == "u");
    CHECK(consumer_of(TokenCallers(settings, "jwt", consumers), "{\"sub\":\"a\\u007f\"}") ==
          "none: its claim sub names nobody");
    settings.environment_claim = "env";
    const TokenCallers callers(settings, "jwt", consumers);
    CHECK((*callers.find(claims(R"({"sub":"u"})")))->environment.empty());
    CHECK((*callers.find(claims(R"({"sub":"u","env":["a"]})")))->environment.empty());
    CHECK((*callers.find(claims(R"({"sub":"u","env":"qa"})")))->environment == "qa");
}
