// How tokens get into requests, and what becomes of troubles.
#include "connector/credential/token_credential.h"

#include <doctest/doctest.h>

#include "common/net/spawn.h"

using namespace adit;
using namespace credential;
using namespace std::chrono_literals;

namespace {

net::Task<fetch::Made> give(fetch::Made made) {
    co_return made;
}

using Attached = std::expected<backend::Attached, problem::Failure>;

net::Task<> attach(TokenCredential& credential, net::Worker& worker, Attached& result) {
    const http::RequestHead request;
    const backend::Occasion occasion{.request = request,
                                     .authority = "origin",
                                     .path = "/",
                                     .route = "r",
                                     .request_id = "1",
                                     .loop = worker.loop(),
                                     .deadline = net::Clock::now() + 10s};
    backend::Attached attached;
    auto done = co_await credential.attach(occasion, attached);
    result = done ? Attached(std::move(attached)) : std::unexpected(std::move(done.error()));
    worker.stop();
}

struct Bench {
    explicit Bench(fetch::Made made, const config::TokenUse& use = {})
        : credential(desk, {"pay", "oauth2_client_credentials"}, use, nullptr,
                     [made = std::move(made)](net::Time) { return give(made); }) {
        desk.open(worker, {});
    }
    ~Bench() {
        worker.finish();
        desk.close();
    }
    Attached attached() {
        Attached result = std::unexpected(problem::client_gone());
        net::spawn(worker.context(), "a test", attach(credential, worker, result));
        worker.context().restart();
        worker.run();
        return result;
    }
    net::Resolver resolver;
    fetch::Desk desk{resolver};
    net::Worker worker{0};
    TokenCredential credential;
};

}  // namespace

TEST_CASE("a token goes into the configured field, behind its word") {
    Bench usual(make_token("abc", 1h));
    const auto attached = usual.attached();
    REQUIRE(attached);
    REQUIRE(attached->fields.size() == 1);
    CHECK(attached->fields[0] == std::pair<std::string, std::string>("authorization", "Bearer abc"));
    CHECK(usual.credential.names() == std::vector<std::string>{"authorization"});
    CHECK(usual.credential.standing().has_value);
    CHECK(usual.credential.standing().expires);

    Bench bare(make_token("abc", 1h), {.header = "x-token", .prefix = ""});
    CHECK(bare.attached()->fields[0] == std::pair<std::string, std::string>("x-token", "abc"));
}

TEST_CASE("what passes is 503 with the time to wait, what lasts is 502, and both name the provider's code") {
    Bench passing(std::unexpected(fetch::Trouble{fetch::Fault::transient, "it answered 429", 17s}));
    const auto unavailable = passing.attached();
    REQUIRE_FALSE(unavailable);
    CHECK(unavailable.error().status == 503);
    CHECK(unavailable.error().retry_after == 17);

    Bench refused(std::unexpected(fetch::Trouble{fetch::Fault::permanent, "it answered 401 invalid_client"}));
    const auto misconfigured = refused.attached();
    REQUIRE_FALSE(misconfigured);
    CHECK(misconfigured.error().status == 502);
    CHECK(misconfigured.error().detail.contains("invalid_client"));
    CHECK(misconfigured.error().detail.contains("backend 'pay'"));
    CHECK(refused.credential.standing().trouble == "it answered 401 invalid_client");
}

TEST_CASE("a challenge that names another error does not blame the token") {
    CHECK(blames_token(""));
    CHECK(blames_token("Bearer realm=\"x\""));
    CHECK(blames_token("Bearer error=\"invalid_token\", error_description=\"expired\""));
    CHECK(blames_token("Bearer error=invalid_token"));
    CHECK_FALSE(blames_token("Bearer error=\"insufficient_scope\""));
    CHECK_FALSE(blames_token("Bearer realm=\"x\", error=\"invalid_request\""));
}
