// Ways to tell who calls, each for itself and in the order of a route.
#include "connector/policy/authentication.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "common/base/encoding.h"
#include "common/tls/key.h"
#include "connector/policy/authenticators.h"

namespace adit::policy {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = parse_time("2026-06-01T12:00:00Z").value();

config::Digest sha256(std::string_view text) {
    return tls::sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string base64(std::string_view text) {
    return base64_encode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

config::Consumer consumer(std::string name) {
    config::Consumer made;
    made.name = std::move(name);
    return made;
}

using Fields = std::vector<http::Field>;

/// A request with what stands around it.
struct Request {
    boost::asio::io_context context;
    net::Loop loop{context};
    http::RequestHead head;
    std::string ip = "192.0.2.1";
    tls::PeerCertificate certificate;
    bool shows_certificate = false;

    explicit Request(Fields fields = {}, std::string_view query = {}) {
        head.fields = std::move(fields);
        head.query = query;
    }
    Visit visit(WallTime now = kNow) {
        return {.request = head,
                .client_ip = ip,
                .certificate = shows_certificate ? &certificate : nullptr,
                .loop = loop,
                .now = now};
    }
};

std::shared_ptr<const Consumers> consumers() {
    config::Consumer shop = consumer("shop");
    shop.project = "web";
    shop.environment = "production";
    shop.attributes = {{"tier", "gold"}};
    shop.api_keys = {{sha256("old"), "first", kNow + 1h}, {sha256("new"), "", std::nullopt}};
    shop.logins = {{"user", {sha256("pass:word"), "", std::nullopt}}, {"gone", {sha256("x"), "", kNow - 1s}}};
    config::Consumer gateway = consumer("gateway");
    gateway.certificates = {
        {"dns:gw.example", "", ""}, {"", "CN=gw,O=Example", ""}, {"", "CN=short", ""}, {"", "", "key"}};
    gateway.addresses = {net::Network::parse("192.0.2.0/24").value()};
    config::Consumer desk = consumer("desk");
    desk.addresses = {net::Network::parse("192.0.2.1").value()};
    return std::make_shared<const Consumers>(std::vector{shop, gateway, desk});
}

/// The consumer's name, or what is wrong; "-" when nothing was shown.
std::string found(const Authenticator& by, const Visit& visit) {
    const Finding finding = by.look(visit).value();
    return finding.caller ? finding.caller->consumer : finding.flaw.empty() ? "-" : finding.flaw;
}

Authentication chain(std::vector<std::shared_ptr<const Authenticator>> policies) {
    static metrics::Registry registry;
    static const auto counted = std::make_shared<AuthenticationMetrics>(registry, "test");
    std::vector<Authentication::Way> ways;
    for (auto& policy : policies) {
        ways.push_back({std::move(policy), counted});
    }
    return Authentication(std::move(ways));
}

Inquiry ask(const Authentication& chain, const Visit& visit) {
    Inquiry inquiry;
    CHECK(chain.proceed(visit, inquiry));
    return inquiry;
}

}  // namespace

TEST_CASE("api keys are known by their digests, until they expire") {
    const auto by = make_api_key("api-key", {}, consumers());
    CHECK(found(*by, Request(Fields{{"X-Api-Key", "old"}}).visit()) == "shop");
    CHECK(found(*by, Request(Fields{{"x-api-key", "new"}}).visit()) == "shop");
    CHECK(found(*by, Request(Fields{{"x-api-key", "old"}}).visit(kNow + 1h)) == "the key has expired");
    CHECK(found(*by, Request(Fields{{"x-api-key", "other"}}).visit()) == "the key is not known");
    CHECK(found(*by, Request(Fields{{"x-api-key", ""}}).visit()) == "the key is empty");
    CHECK(found(*by, Request().visit()) == "-");
    Request request(Fields{{"x-api-key", "old"}});
    const CallerPtr caller = by->look(request.visit())->caller;
    CHECK(caller->project == "web");
    CHECK(caller->environment == "production");
    CHECK(caller->attributes.at("tier") == "gold");
    CHECK(caller->by == "api-key first");
}

TEST_CASE("an api key may stand in the query, however it is escaped") {
    const auto by = make_api_key("q", {.header = {}, .query = "key"}, consumers());
    CHECK(found(*by, Request(Fields{}, "?a=1&k%65y=n%65w").visit()) == "shop");
    CHECK(found(*by, Request(Fields{}, "?keys=new").visit()) == "-");
    CHECK(found(*by, Request(Fields{}, "?key").visit()) == "the key is empty");
    CHECK(found(*by, Request(Fields{{"x-api-key", "new"}}).visit()) == "-");
}

TEST_CASE("basic credentials are those of RFC 7617") {
    const auto by = make_basic("basic", {.realm = "shop"}, consumers());
    const auto with = [&](const std::string& value) {
        return found(*by, Request(Fields{{"authorization", value}}).visit());
    };
    CHECK(with("Basic " + base64("user:pass:word")) == "shop");
    CHECK(with("bASIC  " + base64("user:pass:word")) == "shop");
    CHECK(with("Basic " + base64("user:pass")) == "user or password is wrong");
    CHECK(with("Basic " + base64("use:rpass:word")) == "user or password is wrong");
    CHECK(with("Basic " + base64("gone:x")) == "the password has expired");
    CHECK(with("Basic " + base64("user")) == "the credentials have no colon");
    CHECK(with("Basic ?") == "the credentials are not in base64");
    CHECK(with("Bearer " + base64("user:pass:word")) == "-");
    CHECK(with("Basic") == "-");
    CHECK(by->challenge(false) == "Basic realm=\"shop\", charset=\"UTF-8\"");
    const std::string value = "Basic " + base64("user:pass:word");
    Request request(Fields{{"proxy-authorization", value}});
    CHECK(found(*by, request.visit()) == "-");
    Visit visit = request.visit();
    visit.proxy = true;
    CHECK(found(*by, visit) == "shop");
}

TEST_CASE("a certificate stands for the consumer that lists its key, a name of it, or its subject") {
    using Unlisted = config::MtlsPolicy::Unlisted;
    const auto by = make_mtls("mtls", {}, consumers());
    Request request;
    CHECK(found(*by, request.visit()) == "-");
    request.shows_certificate = true;
    const auto with = [&](tls::PeerCertificate certificate, const Authenticator& policy) {
        request.certificate = std::move(certificate);
        request.certificate.not_after = kNow + 1h;
        return found(policy, request.visit());
    };
    CHECK(
        with(
            {.subject = "CN=x", .common_name = "x", .sans = {"dns:other", "dns:gw.example"}, .spki = "y", .serial = {}},
            *by) == "gateway");
    CHECK(with({.subject = "CN=gw,O=Example", .common_name = "gw", .sans = {}, .spki = "y", .serial = {}}, *by) ==
          "gateway");
    CHECK(with({.subject = "CN=short,O=Any", .common_name = "short", .sans = {}, .spki = "y", .serial = {}}, *by) ==
          "gateway");
    CHECK(with({.subject = "CN=x", .common_name = "x", .sans = {}, .spki = "key", .serial = {}}, *by) == "gateway");
    const tls::PeerCertificate stranger{
        .subject = "CN=x", .common_name = "x", .sans = {"uri:spiffe://a/b"}, .spki = "y", .serial = {}};
    CHECK(with(stranger, *by) == "no consumer lists this client certificate");
    CHECK(with(stranger, *make_mtls("m", {Unlisted::common_name}, consumers())) == "x");
    CHECK(with(stranger, *make_mtls("m", {Unlisted::first_san}, consumers())) == "spiffe://a/b");
    tls::PeerCertificate nameless = stranger;
    nameless.sans.clear();
    nameless.common_name.clear();
    nameless.subject = "O=Example";
    CHECK(with(nameless, *make_mtls("m", {Unlisted::first_san}, consumers())) ==
          "no consumer lists this client certificate");
    CHECK(with(nameless, *make_mtls("m", {Unlisted::common_name}, consumers())) ==
          "no consumer lists this client certificate");
    config::Consumer unit = consumer("unit");
    unit.certificates = {{"", "O=Example", ""}};
    CHECK(with(nameless, *make_mtls("m", {}, std::make_shared<const Consumers>(std::vector{unit}))) == "unit");
    request.certificate.not_after = kNow - 1s;
    CHECK(found(*by, request.visit()) == "the client certificate has expired");
}

TEST_CASE("an address is that of the consumer with the longest block, where the policy counts it") {
    const auto known = make_ip("ip", {}, consumers());
    const auto partner =
        make_ip("ip", {.from = {net::Network::parse("198.51.100.0/24").value()}, .consumer = "shop"}, consumers());
    Request request;
    CHECK(found(*known, request.visit()) == "desk");
    CHECK(found(*partner, request.visit()) == "-");
    request.ip = "192.0.2.2";
    CHECK(found(*known, request.visit()) == "gateway");
    request.ip = "198.51.100.9";
    CHECK(found(*known, request.visit()) == "-");
    CHECK(found(*partner, request.visit()) == "shop");
    request.ip = "unix";
    CHECK(found(*known, request.visit()) == "-");
}

TEST_CASE("policies are tried in their order, bad credentials are passed over, anonymous counts where none was shown") {
    const auto both = chain({make_api_key("api-key", {}, consumers()), make_basic("basic", {}, consumers())});
    const std::string good = "Basic " + base64("user:pass:word");
    CHECK(ask(both, Request(Fields{{"x-api-key", "bad"}, {"authorization", good}}).visit()).caller->by == "basic user");
    const auto open = chain({make_anonymous("anonymous"), make_api_key("api-key", {}, consumers())});
    CHECK(ask(open, Request().visit()).caller->consumer == access::kAnonymous);
    CHECK(ask(open, Request(Fields{{"x-api-key", "new"}}).visit()).caller->consumer == "shop");
    Inquiry refused = ask(open, Request(Fields{{"x-api-key", "bad"}}).visit());
    CHECK(refused.caller == nullptr);
    CHECK(open.failure(refused).detail == "api-key: the key is not known");
    CHECK(open.failure(refused).status == 401);
    refused = ask(both, Request().visit());
    CHECK(both.failure(refused).detail == "no credential was shown; this route takes api-key, basic");
    CHECK(both.challenges(refused) == std::vector<std::string>{"Basic realm=\"adit\", charset=\"UTF-8\""});
}

TEST_CASE("names that callers bring with them are neither reserved ones nor more than a line") {
    Request request;
    request.shows_certificate = true;
    request.certificate.not_after = kNow + 1h;
    const auto by_name = chain({make_mtls("mtls", {config::MtlsPolicy::Unlisted::common_name}, consumers())});
    for (const char* name : {"anonymous", "*", "a\r\nx-adit-environment: b", " a", "a\t"}) {
        request.certificate.common_name = name;
        CHECK(ask(by_name, request.visit()).caller == nullptr);
    }
    request.certificate.common_name = "auth0|42 x";
    CHECK(ask(by_name, request.visit()).caller != nullptr);
}

TEST_CASE("what was shown is found again, all of it") {
    const auto all =
        chain({make_api_key("k", {}, consumers()), make_api_key("q", {.header = {}, .query = "key"}, consumers()),
               make_basic("basic", {}, consumers())});
    const std::string basic = "Basic " + base64("a:b");
    Request request(Fields{{"x-api-key", "1"}, {"authorization", basic}, {"X-API-KEY", "2"}, {"x-other", "3"}});
    using enum Authentication::Of;
    const Shown shown = all.shown(request.visit(), {}, others);
    CHECK(shown.fields.size() == 3);
    CHECK(shown.parameters == std::vector<std::string_view>{"key"});
    Request bearer(Fields{{"authorization", "Bearer x"}});
    CHECK(all.shown(bearer.visit(), {}, others).fields.empty());

    const Inquiry known{.caller = nullptr, .next = 1, .by = 0, .refused = {}, .flaws = {}, .retry_after = {}};
    CHECK(all.shown(request.visit(), known, caller).fields.size() == 2);
    CHECK(all.shown(request.visit(), known, others).fields.size() == 1);
}

}  // namespace adit::policy
