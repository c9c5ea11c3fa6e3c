// The token that says where a call came from: its claims, its field, and what it costs.
#include "connector/credential/signed_jwt.h"

#include <doctest/doctest.h>

#include "common/net/spawn.h"
#include "connector/config/issuers.h"
#include "tests/unit/credential/occasion.h"
#include "tests/unit/yaml/support.h"

namespace adit::credential {
namespace {

using namespace std::chrono_literals;

struct Fixture {
    Fixture() {
        config::Issuer settings;
        settings.name = "main";
        settings.url = config::parse_issuer_url("https://issuer.example.com").value();
        settings.directory = files.directory() / "keys";
        settings.algorithms = {"ES256", "EdDSA", "RS256"};
        issuer = Issuer::open(settings, std::chrono::system_clock::now()).value();
        jwt.issuer = "main";
        jwt.audience = "orders";
    }
    SignedJwt credential() const { return SignedJwt(jwt, issuer, "adit-1"); }

    yaml::test::TemporaryFiles files;
    std::shared_ptr<Issuer> issuer;
    config::SignedJwt jwt;
    test::Request request;
};

net::Task<> attach_once(SignedJwt& credential, const backend::Occasion& occasion, backend::Attached& attached,
                        bool& good) {
    const auto done = co_await credential.attach(occasion, attached);
    good = done.has_value();
}

backend::Attached attached(SignedJwt& credential, test::Request& request) {
    backend::Attached into;
    bool good = false;
    const backend::Occasion occasion = request.occasion();
    net::spawn(request.worker.context(), "a test", attach_once(credential, occasion, into, good));
    request.worker.context().poll();
    CHECK(good);
    return into;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a token names the caller, the route and this gateway") {
    const auto claims = credential().claims(request.occasion(), std::chrono::system_clock::now());
    CHECK(claims.at("iss") == "https://issuer.example.com");
    CHECK(claims.at("sub") == "storefront");
    CHECK(claims.at("aud") == "orders");
    CHECK(claims.at("consumer") == "storefront");
    CHECK(claims.at("environment") == "production");
    CHECK(claims.at("route") == "orders");
    CHECK(claims.at("gateway") == "adit-1");
    CHECK(claims.at("exp").as_int64() - claims.at("iat").as_int64() == 300);
}

TEST_CASE_FIXTURE(Fixture, "a caller that nobody knows is anonymous, and no claim is made about it") {
    const auto claims = credential().claims(request.occasion(false), std::chrono::system_clock::now());
    CHECK(claims.at("sub") == "anonymous");
    CHECK_FALSE(claims.contains("consumer"));
    CHECK_FALSE(claims.contains("environment"));
}

TEST_CASE_FIXTURE(Fixture, "subject and further claims come from templates; a claim without a value is left out") {
    jwt.subject = "gw:{environment}:{consumer}";
    jwt.claims = {{"plan", "{attribute.plan}"}, {"team", "{attribute.team}"}, {"op", "{method} {path}"}};
    const auto claims = credential().claims(request.occasion(), std::chrono::system_clock::now());
    CHECK(claims.at("sub") == "gw:production:storefront");
    CHECK(claims.at("plan") == "gold");
    CHECK(claims.at("op") == "POST /v1/orders");
    CHECK_FALSE(claims.contains("team"));
}

TEST_CASE_FIXTURE(Fixture, "the token goes into its field, verifies, and is another one each time") {
    SignedJwt one = credential();
    const backend::Attached first = attached(one, request);
    REQUIRE(first.fields.size() == 1);
    CHECK(first.fields[0].first == "authorization");
    CHECK(first.fields[0].second.starts_with("Bearer "));
    CHECK(one.names() == std::vector<std::string>{"authorization"});
    const auto keys = jose::KeySet::parse(issuer->documents()->key_set.content);
    const auto verified = jose::verify(
        first.fields[0].second.substr(7), *keys,
        {.issuer = "https://issuer.example.com", .audiences = {"orders"}, .algorithms = {jose::Algorithm::es256}},
        std::chrono::system_clock::now());
    CHECK(verified);
    const backend::Attached second = attached(one, request);
    CHECK(second.fields[0].second != first.fields[0].second);
}

TEST_CASE_FIXTURE(Fixture, "header and prefix can be chosen") {
    jwt.header = "x-gateway-token";
    jwt.prefix = "";
    SignedJwt one = credential();
    const backend::Attached made = attached(one, request);
    CHECK(made.fields[0].first == "x-gateway-token");
    CHECK(made.fields[0].second.starts_with("ey"));
}

TEST_CASE_FIXTURE(Fixture, "what a token costs is printed") {
    for (const char* algorithm : {"ES256", "EdDSA", "RS256"}) {
        jwt.algorithm = algorithm;
        SignedJwt one = credential();
        constexpr int kTokens = 200;
        const auto started = std::chrono::steady_clock::now();
        for (int i = 0; i < kTokens; ++i) {
            attached(one, request);
        }
        const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started;
        MESSAGE(std::string(algorithm) << ": " << took.count() / kTokens
                                       << " us a token, its cost with claims and coroutine");
    }
}

}  // namespace adit::credential
