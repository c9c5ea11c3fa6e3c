// The policy `jwt`: where a token stands, what is looked at before there are keys, and what becomes of it then.
#include "connector/policy/authenticate_jwt.h"

#include <doctest/doctest.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "connector/policy/authenticators.h"
#include "tests/unit/jose/samples.h"

namespace adit::policy {
namespace {

using jose::SigningKey;
using jose::samples::signed_as;

constexpr const char* kHeader = R"({"alg":"ES256","kid":"k1"})";
constexpr const char* kOtherKey = R"({"alg":"ES256","kid":"k2"})";

/// An issuer whose key set is a file.
struct Issuer {
    Issuer() : file(std::filesystem::temp_directory_path() / ("adit-jwks-" + std::to_string(::getpid()))) {
        std::ofstream(file) << jose::samples::in_set(boost::json::serialize(key.public_jwk("k1")));
        desk.open(worker, {});
        policy.issuer = "https://i";
        policy.audiences = {"me"};
        policy.jwks_file = file;
    }
    ~Issuer() {
        std::filesystem::remove(file);
        worker.finish();
        desk.close();
    }
    Result<std::shared_ptr<const Authenticator>> make(std::shared_ptr<const Authenticator> before = nullptr) {
        return make_jwt("idp", policy, {.consumers = consumers, .desk = &desk, .before = std::move(before)});
    }
    std::shared_ptr<const Authenticator> made() {
        auto one = make();
        REQUIRE(one);
        worker.context().poll();
        return *one;
    }
    std::string token(std::string_view header = kHeader, std::string_view issuer = "https://i",
                      std::string_view more = {}) const {
        const auto now = std::chrono::duration_cast<std::chrono::seconds>(WallTime::clock::now().time_since_epoch());
        return signed_as(key, header,
                         R"({"aud":"me","sub":"shop","iss":")" + std::string(issuer) + R"(","exp":)" +
                             std::to_string(now.count() + 60) + std::string(more) + "}");
    }
    Visit visit(const http::RequestHead& head) {
        return {.request = head,
                .client_ip = "192.0.2.1",
                .loop = worker.loop(),
                .now = WallTime::clock::now(),
                .deadline = net::Clock::now() + std::chrono::seconds(5)};
    }
    /// The consumer, or the flaw; "-": none was shown; "?": that takes waiting.
    std::string found(const Authenticator& by, std::vector<http::Field> fields) {
        http::RequestHead head;
        head.fields = std::move(fields);
        const auto finding = by.look(visit(head));
        return !finding                ? "?"
               : finding->caller       ? finding->caller->consumer
               : finding->flaw.empty() ? "-"
                                       : finding->flaw;
    }
    /// After waiting.
    std::string awaited(const Authenticator& by, const std::string& token) {
        http::RequestHead head;
        const std::string value = "Bearer " + token;
        head.fields = {{"authorization", value}};
        const Visit asks = visit(head);
        std::string told;
        net::spawn(worker.context(), "a test", await(by, asks, told));
        while (told.empty() && worker.context().run_one_for(std::chrono::seconds(10)) > 0) {
        }
        return told;
    }
    static net::Task<> await(const Authenticator& by, const Visit& visit, std::string& told) {
        const Finding finding = co_await by.wait(visit);
        told = finding.caller ? finding.caller->consumer : finding.flaw;
    }

    const SigningKey key = std::move(*SigningKey::generate(jose::Algorithm::es256));
    const std::filesystem::path file;
    net::Resolver resolver;
    net::Worker worker{0};
    fetch::Desk desk{resolver};
    config::JwtPolicy policy;
    std::shared_ptr<const Consumers> consumers = std::make_shared<const Consumers>(std::vector<config::Consumer>());
};

}  // namespace

TEST_CASE("a token stands behind Bearer, or in a field of its own with or without that word") {
    Issuer issuer;
    const auto usual = issuer.made();
    const std::string token = issuer.token();
    CHECK(issuer.found(*usual, {{"authorization", "Bearer " + token}}) == "shop");
    CHECK(issuer.found(*usual, {{"authorization", "Basic " + token}}) == "-");
    CHECK(issuer.found(*usual, {}) == "-");
    CHECK(usual->challenge(false) == "Bearer realm=\"idp\"");
    CHECK(usual->challenge(true) == "Bearer realm=\"idp\", error=\"invalid_token\"");

    issuer.policy.header = "x-token";
    const auto own = issuer.made();
    CHECK(issuer.found(*own, {{"x-token", token}}) == "shop");
    CHECK(issuer.found(*own, {{"X-Token", "bearer  " + token}}) == "shop");
    CHECK(issuer.found(*own, {{"authorization", "Bearer " + token}}) == "-");
    CHECK(issuer.found(*own, {{"x-token", token}, {"X-TOKEN", token}}) == "x-token stands there more than once");
    for (const char* none : {"", "Bearer", "Bearer\t", "Bearer ", "Nearer a", "Bearerx"}) {
        CAPTURE(none);
        CHECK(issuer.found(*own, {{"x-token", none}}).starts_with("the token is refused"));
    }
    CHECK(own->challenge(true).empty());
}

TEST_CASE("the fields of a token are known, good or bad") {
    Issuer issuer;
    const auto shown = [&](const Authenticator& by, const http::RequestHead& head, bool proxy = false) {
        Shown into;
        Visit visit = issuer.visit(head);
        visit.proxy = proxy;
        by.shown(visit, into);
        return into.fields.size();
    };
    http::RequestHead head;
    head.fields = {
        {"authorization", "Bearer x"}, {"x-token", "1"}, {"x-token", "2"}, {"proxy-authorization", "Bearer y"}};
    const auto usual = issuer.made();
    CHECK(shown(*usual, head) == 1);
    CHECK(shown(*usual, head, true) == 1);
    issuer.policy.header = "x-token";
    CHECK(shown(*issuer.made(), head) == 2);
    head.fields = {{"authorization", "Basic x"}};
    CHECK(shown(*usual, head) == 0);
}

TEST_CASE("before there are keys only a token of the issuer is worth waiting for") {
    Issuer issuer;
    const auto one = issuer.make();
    REQUIRE(one);
    CHECK(issuer.found(**one, {{"authorization", "Bearer " + issuer.token()}}) == "?");
    CHECK(issuer.found(**one, {{"authorization", "Bearer " + issuer.token(kHeader, "https://j")}}) ==
          "the token is another issuer's");
    CHECK(issuer.awaited(**one, issuer.token()) == "shop");
}

TEST_CASE("a key that is not in the set is looked for once more, for a token of the issuer") {
    Issuer issuer;
    const auto by = issuer.made();
    CHECK(issuer.found(*by, {{"authorization", "Bearer " + issuer.token(kOtherKey)}}) == "?");
    CHECK(issuer.found(*by, {{"authorization", "Bearer " + issuer.token(kOtherKey, "https://j")}}) ==
          "the token is another issuer's");
    CHECK(issuer.awaited(*by, issuer.token(kOtherKey)).starts_with("the token is refused"));
    CHECK(issuer.awaited(*by, issuer.token(kHeader, "https://j")).starts_with("the token is refused"));
    CHECK(issuer.awaited(*by, issuer.token()) == "shop");
}

TEST_CASE("a generation goes on with the keys of the one before, where they are the same ones") {
    Issuer issuer;
    const auto keys_of = [](const auto& by) { return dynamic_cast<const Jwt&>(*by).keys(); };
    const auto first = issuer.made();
    const auto second = issuer.make(first);
    REQUIRE(second);
    CHECK(keys_of(*second) == keys_of(first));
    issuer.policy.issuer = "https://other";
    const auto third = issuer.make(first);
    REQUIRE(third);
    CHECK(keys_of(*third) != keys_of(first));
    const auto fourth = issuer.make(make_anonymous("anonymous"));
    CHECK(fourth);
    issuer.policy.jwks_file = "/nowhere/keys.json";
    CHECK_FALSE(issuer.make());
}

TEST_CASE("an algorithm that does not exist is none") {
    Issuer issuer;
    issuer.policy.algorithms = {"HS256", "none"};
    const auto by = issuer.made();
    CHECK(issuer.found(*by, {{"authorization", "Bearer " + issuer.token()}}).starts_with("the token is refused"));
}

}  // namespace adit::policy
