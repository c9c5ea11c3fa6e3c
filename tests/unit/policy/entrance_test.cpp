// The door of a route: what a request looks like behind it, and who is turned away.
#include "connector/policy/entrance.h"

#include <doctest/doctest.h>

#include "common/net/memory_stream.h"
#include "common/net/spawn.h"
#include "common/net/worker.h"
#include "connector/http/parse.h"
#include "connector/policy/authenticators.h"
#include "tests/unit/http/plain_exchange.h"

namespace adit::policy {
namespace {

using Policies = std::vector<std::shared_ptr<const Authenticator>>;

/// Finds what it was told to find, in whatever it is shown.
class Says final : public Authenticator {
  public:
    Says(std::string name, Finding finding) : Authenticator(std::move(name)), finding_(std::move(finding)) {}
    std::optional<Finding> look(const Visit&) const override { return finding_; }

  private:
    Finding finding_;
};

access::Caller caller(std::string consumer, std::string environment = {}) {
    return {.consumer = std::move(consumer),
            .project = {},
            .environment = std::move(environment),
            .attributes = {},
            .by = "test"};
}

std::shared_ptr<const Authenticator> good(std::string consumer, std::string environment = {}) {
    return std::make_shared<const Says>(
        "says",
        Finding::good(std::make_shared<const access::Caller>(caller(std::move(consumer), std::move(environment)))));
}

std::shared_ptr<const Authenticator> key_in(std::string header, std::string query) {
    static const auto nobody = std::make_shared<const Consumers>(std::vector<config::Consumer>());
    return make_api_key("key", {.header = std::move(header), .query = std::move(query)}, nobody);
}

Authentication chain(const Policies& policies) {
    static metrics::Registry registry;
    static const auto counted = std::make_shared<AuthenticationMetrics>(registry, "test");
    std::vector<Authentication::Way> ways;
    for (const auto& policy : policies) {
        ways.push_back({policy, counted});
    }
    return Authentication(std::move(ways));
}

/// A request on its way through one route or several.
struct Request {
    explicit Request(std::string_view target) : streams(net::memory_pipe(worker.loop(), 64 * 1024)) {
        head.bytes() = "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nX-Api-Key: k\r\n\r\n";
        REQUIRE(http::parse_request(head, {}));
        exchange.emplace(head, http::BodyReader(*streams.first, head.framing),
                         http::BodyWriter(*streams.first, http::Framing::Kind::none), settings, "192.0.2.1");
    }
    /// The status with which it is turned away; 0: it is let in.
    int enter(const Entrance& entrance) {
        int status = -1;
        net::spawn(worker.context(), "a test", admit(entrance, status));
        worker.context().poll();
        return status;
    }
    net::Task<> admit(const Entrance& entrance, int& status) {
        const auto failure = co_await entrance.admit(*exchange, admission);
        status = failure ? failure->status : 0;
    }
    /// What an origin is told in this field; "-": nothing.
    std::string told(std::string_view name) const {
        std::string all;
        for (const http::Field& field : head.fields) {
            if (field.known == http::Known::own && field.name == name) {
                all += std::string(all.empty() ? "" : ",") + std::string(field.value);
            }
        }
        return all.empty() ? "-" : all;
    }

    net::Worker worker{0};
    std::pair<std::unique_ptr<net::Stream>, std::unique_ptr<net::Stream>> streams;
    http::ServerSettings settings;
    http::RequestHead head;
    std::optional<http::PlainExchange> exchange;
    Admission admission;
};

}  // namespace

TEST_CASE("a parameter that proves nothing leaves the query, and a query without it stays as it was") {
    const Entrance entrance("r", chain({good("shop"), key_in("", "key")}), nullptr, false);
    Request with("/a?b=1&key=secret");
    CHECK(with.enter(entrance) == 0);
    CHECK(with.head.query == "?b=1");
    CHECK(with.head.whole_query == "?b=1");
    Request without("/a?b=1");
    CHECK(without.enter(entrance) == 0);
    CHECK(without.head.query == "?b=1");
    CHECK(without.head.whole_query.empty());
    Request bare("/a");
    CHECK(bare.enter(entrance) == 0);
}

TEST_CASE("the last route that recognises a caller says who he is, and in place of those before") {
    Request request("/a");
    CHECK(request.enter(Entrance("first", chain({good("shop", "production")}), nullptr, false)) == 0);
    CHECK(request.told(kConsumerField) == "shop");
    CHECK(request.told(kEnvironmentField) == "production");
    CHECK(request.enter(Entrance("second", chain({good("desk")}), nullptr, false)) == 0);
    CHECK(request.told(kConsumerField) == "desk");
    CHECK(request.told(kEnvironmentField) == "-");
}

TEST_CASE("a field of ours that says something else stays") {
    Request request("/a");
    request.head.fields.push_back({"x-ours", "1", http::Known::own});
    CHECK(request.enter(Entrance("r", chain({good("shop")}), nullptr, false)) == 0);
    CHECK(request.told("x-ours") == "1");
}

TEST_CASE("who was recognised does not become a stranger by a route that lets strangers in") {
    const Entrance open("open", chain({make_anonymous("anonymous")}), nullptr, false);
    Request known("/a");
    CHECK(known.enter(Entrance("first", chain({good("shop")}), nullptr, false)) == 0);
    CHECK(known.enter(open) == 0);
    CHECK(known.admission.passage.caller->consumer == "shop");
    CHECK(known.admission.passage.route_is_anonymous);
    CHECK(known.enter(Entrance("third", chain({good("desk")}), nullptr, false)) == 0);
    CHECK(known.admission.passage.route_is_anonymous);
    CHECK(known.told(kConsumerField) == "desk");

    Request stranger("/a");
    CHECK(stranger.enter(open) == 0);
    CHECK(stranger.admission.passage.caller->consumer == access::kAnonymous);
    CHECK(stranger.told(kConsumerField) == "-");
}

TEST_CASE("a route without policies lets in only whom another has sent") {
    const Entrance inner("inner", std::nullopt, nullptr, false);
    Request alone("/a");
    CHECK(alone.enter(inner) == 401);
    Request sent("/a");
    CHECK(sent.enter(Entrance("first", chain({good("shop")}), nullptr, false)) == 0);
    CHECK(sent.enter(inner) == 0);
}

TEST_CASE("a route that answers itself needs a rule that allows") {
    const access::Rules rules{{.consumer = "shop", .environments = {"*"}}};
    const config::Access access;
    Request request("/a");
    request.admission.passage.access = &access;
    CHECK(request.enter(Entrance("r", chain({good("shop")}), &rules, true)) == 0);
    CHECK(request.enter(Entrance("r", chain({good("desk")}), &rules, true)) == 403);
    CHECK(request.admission.denied == "route r allows no consumer desk");
    Request other("/a");
    other.admission.passage.access = &access;
    CHECK(other.enter(Entrance("r", chain({good("desk")}), nullptr, true)) == 403);
}

TEST_CASE("a proxy answers 407 with a challenge, but says when it is the keys that are missing") {
    const auto unknown = std::make_shared<const Says>("says", Finding::refused("not known"));
    const auto unsure = std::make_shared<const Says>("says", Finding::unavailable("no keys", std::chrono::seconds(3)));
    const auto proxy = [](Policies policies) {
        return Entrance("r", chain(policies), nullptr, false, http::Role::proxy);
    };
    Request request("/a");
    CHECK(request.enter(proxy({unknown})) == 407);
    CHECK(request.exchange->challenges == std::vector<std::string>{"Basic realm=\"adit\""});
    CHECK(request.enter(proxy({unsure})) == 503);
    CHECK(request.enter(Entrance("r", chain({unknown}), nullptr, false)) == 401);
    static const auto nobody = std::make_shared<const Consumers>(std::vector<config::Consumer>());
    CHECK(request.enter(proxy({make_basic("basic", {.realm = "shop"}, nobody)})) == 407);
    CHECK(request.exchange->challenges == std::vector<std::string>{"Basic realm=\"shop\", charset=\"UTF-8\""});
}

TEST_CASE("a name that means somebody else, or that ends a line, is nobody's") {
    const auto status = [](std::string consumer, std::string environment) {
        Request request("/a");
        return request.enter(Entrance("r", chain({good(std::move(consumer), std::move(environment))}), nullptr, false));
    };
    CHECK(status("shop", "production") == 0);
    for (const auto& [consumer, environment] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                                {"*", ""},
                                                                                                {"anonymous", ""},
                                                                                                {"a\r\nb", ""},
                                                                                                {" a", ""},
                                                                                                {"a", "b\n"},
                                                                                                {"a", " b"},
                                                                                                {"a", "*"}}) {
        CAPTURE(consumer);
        CAPTURE(environment);
        CHECK(status(consumer, environment) == 401);
    }
}

TEST_CASE("without policies nobody is known, and equal challenges are one") {
    const Inquiry nothing{};
    CHECK(chain({}).failure(nothing).detail == "nobody may call here: the route has no policies");
    static const auto nobody = std::make_shared<const Consumers>(std::vector<config::Consumer>());
    CHECK(chain({make_basic("a", {.realm = "x"}, nobody), make_basic("b", {.realm = "x"}, nobody)})
              .challenges(nothing)
              .size() == 1);
    CHECK_FALSE(make_authenticator({.name = "none"}, {}));
}

TEST_CASE("nothing is enforced without rules, and with them everybody has to say who he is") {
    route::Passage passage;
    const backend::Hop hop;
    CHECK(passage.decide(hop).allowed);
    const config::Access access;
    passage.access = &access;
    CHECK_FALSE(passage.decide(hop).allowed);
    passage.caller = std::make_shared<const access::Caller>(caller("shop"));
    const access::Rules rules{{.consumer = "shop", .environments = {"*"}}};
    passage.route_rules = &rules;
    CHECK(passage.decide(hop).allowed);
}

}  // namespace adit::policy
