// Who may ask a status server, by what he shows.
#include "common/status/caller.h"

#include <doctest/doctest.h>

#include <boost/asio/ip/address.hpp>

using namespace adit;
using status::admit;
using status::Demands;
using status::Peer;

namespace {

constexpr const char* kToken = "a-token";

Peer from(const char* ip) {
    return {.address = {boost::asio::ip::make_address(ip), 4711}};
}

Peer with_certificate() {
    Peer peer = from("10.0.0.5");
    tls::PeerCertificate shown;
    shown.subject = "CN=ops,O=Example";
    shown.sans = {"dns:ops.example", "email:ops@example.org"};
    peer.certificate = std::make_shared<const tls::PeerCertificate>(shown);
    return peer;
}

int refused(const Demands& demands, const Peer& peer, std::optional<std::string_view> authorization = std::nullopt) {
    const auto caller = admit(demands, peer, authorization);
    return caller ? 0 : caller.error().status;
}

}  // namespace

TEST_CASE("where nothing is asked for everybody gets in, and is named by his connection") {
    CHECK(admit({}, from("127.0.0.1"), std::nullopt)->who == "loopback");
    CHECK(admit({}, from("127.0.0.1"), std::nullopt)->from == "127.0.0.1:4711");
    CHECK(admit({}, from("10.0.0.5"), std::nullopt)->who == "unknown");
    const Peer named{.process = Peer::Process{.user = 1000, .user_name = "alice", .id = 12}};
    CHECK(admit({}, named, std::nullopt)->who == "alice (uid 1000)");
    CHECK(admit({}, named, std::nullopt)->from == "unix socket, process 12");
    const Peer nameless{.process = Peer::Process{.user = 1000, .user_name = "", .id = 12}};
    CHECK(admit({}, nameless, std::nullopt)->who == "uid 1000");
}

TEST_CASE("a token is asked for whoever comes, and nothing like it will do") {
    const Demands demands{.token = SharedSecret(kToken)};
    for (const Peer& peer : {from("127.0.0.1"), from("10.0.0.5"), Peer{.process = Peer::Process{}}}) {
        CHECK(refused(demands, peer) == 401);
        for (const char* wrong : {"", "Bearer", "Bearer ", "a-token", "Basic a-token", "Bearer a-toke",
                                  "Bearer a-tokem", "Bearer a-tokena-token", "Bearer A-TOKEN", "Bearera-token"}) {
            CHECK_MESSAGE(refused(demands, peer, wrong) == 401, wrong);
        }
        for (const char* right : {"Bearer a-token", "bearer a-token", "BEARER  a-token "}) {
            CHECK_MESSAGE(refused(demands, peer, right) == 0, right);
        }
    }
    CHECK(admit(demands, from("10.0.0.5"), "Bearer a-token")->who == "token");
    CHECK(admit(demands, from("127.0.0.1"), "Bearer a-token")->who == "loopback with the token");
}

TEST_CASE("a certificate is asked for, and of those that are listed one") {
    const Demands any{.certificate = true};
    CHECK(refused(any, from("10.0.0.5")) == 403);
    CHECK(refused(any, with_certificate()) == 0);
    CHECK(admit(any, with_certificate(), std::nullopt)->who == "CN=ops,O=Example (dns:ops.example)");
    for (const auto& [subject, sans, name] : {std::tuple{"CN=ops", std::vector<std::string>{}, "CN=ops"},
                                              {"", {"dns:a", "dns:b"}, "dns:a"},
                                              {"", {}, ""}}) {
        tls::PeerCertificate shown;
        shown.subject = subject;
        shown.sans = sans;
        CHECK(status::caller_of({.certificate = std::make_shared<const tls::PeerCertificate>(shown)}).who == name);
    }
    for (const char* listed : {"CN=ops,O=Example", "dns:ops.example", "email:ops@example.org"}) {
        CHECK_MESSAGE(refused({.certificate = true, .subjects = {"CN=dev", listed}}, with_certificate()) == 0, listed);
    }
    for (const char* other : {"CN=ops", "ops", "ops.example", "uri:ops.example", "CN=ops,O=Example2"}) {
        CHECK_MESSAGE(refused({.certificate = true, .subjects = {other}}, with_certificate()) == 403, other);
    }
}

TEST_CASE("nothing shown is another thing than something wrong") {
    const auto why = [](const Demands& demands, const Peer& peer, std::optional<std::string_view> shown) {
        return admit(demands, peer, shown).error();
    };
    const Demands token{.token = SharedSecret(kToken)};
    const Demands certificate{.certificate = true, .subjects = {"dns:dev.example"}};
    for (const auto& [refusal, name, wrong] :
         {std::tuple{why(token, from("127.0.0.1"), std::nullopt), "no_token", false},
          {why(token, from("127.0.0.1"), "Bearer a-tokem"), "token", true},
          {why(token, from("127.0.0.1"), "Basic a-token"), "token", true},
          {why(certificate, from("10.0.0.5"), "Bearer a-token"), "no_certificate", false},
          {why(certificate, with_certificate(), std::nullopt), "certificate", true}}) {
        CHECK(status::name_of(refusal.why) == name);
        CHECK_MESSAGE(refusal.wrong_proof() == wrong, name);
    }
    CHECK(status::name_of(status::Refusal::Why::page) == "page");
}

TEST_CASE("what is asked for has to be shown, all of it") {
    const Demands both{.token = SharedSecret(kToken), .certificate = true, .subjects = {"dns:ops.example"}};
    CHECK(refused(both, with_certificate()) == 401);
    CHECK(refused(both, from("10.0.0.5"), "Bearer a-token") == 403);
    CHECK(refused(both, with_certificate(), "Bearer a-token") == 0);
}
