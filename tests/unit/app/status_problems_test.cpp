// What an operator is told to mend.
#include "connector/status_problems.h"

#include <doctest/doctest.h>

using namespace adit;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = parse_time("2026-06-01T12:00:00Z").value();
constexpr auto kDay = 24h;

tls::CertificateFacts certificate(WallTime from, WallTime until) {
    return {"shop.example", "CA", from, until, {}};
}

bool says(const std::optional<std::string>& problem, std::string_view words) {
    return problem && problem->find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a certificate is a problem two weeks before its end, and before its beginning") {
    const auto told = [](WallTime from, WallTime until) {
        return certificate_problem("edge", certificate(from, until), kNow);
    };
    CHECK_FALSE(told(kNow, kNow + 15 * kDay));
    CHECK(says(told(kNow, kNow + 14 * kDay), "expires at 2026-06-15T12:00:00Z"));
    CHECK(says(told(kNow - kDay, kNow), "expired at 2026-06-01T12:00:00Z"));
    CHECK(says(told(kNow + 1s, kNow + 90 * kDay), "clock"));
}

TEST_CASE("a tunnel without a session is told by the state of its keys") {
    TunnelRecord tunnel;
    tunnel.name = "shop";
    CHECK(says(lonely_tunnel_problem(tunnel, "", kNow), "it has no key"));
    tunnel.keys.push_back({"key_1", {}, kNow, kNow});
    CHECK(says(lonely_tunnel_problem(tunnel, "", kNow), "all of its keys have expired"));
    tunnel.keys.push_back({"key_2", {}, kNow, std::nullopt});
    CHECK(says(lonely_tunnel_problem(tunnel, "", kNow), "adit-agent diagnose"));
}

TEST_CASE("a refused configuration is told with its first errors, and how many more there are") {
    const auto told = refused_configuration_problem({kNow, "a.yaml:1:1: one\na.yaml:2:1: two\nthree\nfour\nfive"});
    CHECK(says(told, "refused at " + format_time(kNow)));
    CHECK(says(told, ": a.yaml:1:1: one; a.yaml:2:1: two; three; and 2 lines more; 'adit-connector check'"));
    CHECK(says(refused_configuration_problem({kNow, "one\nadvice"}), ": one; advice; 'adit-connector check'"));
}

TEST_CASE("a few wrong tokens are a mistake, many within minutes a problem until minutes after the last one") {
    Guesses guesses;
    for (int i = 0; i < 9; ++i) {
        guesses.note(kNow + i * 1s, "192.0.2.7:4000");
    }
    CHECK_FALSE(guesses_problem(guesses, kNow + 9s));
    guesses.note(kNow + 9s, "192.0.2.8:4000");
    CHECK(says(guesses_problem(guesses, kNow + 309s), "10 wrong tokens or certificates from " + format_time(kNow)));
    CHECK(says(guesses_problem(guesses, kNow + 309s), "the last one from 192.0.2.8:4000"));
    CHECK_FALSE(guesses_problem(guesses, kNow + 310s));
    guesses.note(kNow + 310s, "192.0.2.9:4000");  // another spell
    CHECK_FALSE(guesses_problem(guesses, kNow + 310s));
}

TEST_CASE("of files of tunnels that cannot be read the first few are told, and how many more there are") {
    using Trouble = StoreWatch::Trouble;
    CHECK(store_problems({}).empty());
    CHECK(says(store_problems({{Trouble::What::directory, "/t: gone"}})[0], "the tunnels' directory cannot be read"));
    const auto told = store_problems(std::vector<Trouble>(12, {Trouble::What::file, "/t/a.json:1:1: broken"}));
    REQUIRE(told.size() == 11);
    CHECK(says(told[0], "a tunnel's file is not used, so what was changed or revoked there since has no effect: /t/a"));
    CHECK(says(told[10], "2 more"));
}

TEST_CASE("an endpoint is a problem for a minute") {
    const config::Backend backend;
    const config::Endpoint endpoint;
    CHECK_FALSE(endpoint_problem(backend, endpoint, std::nullopt, kNow));
    CHECK(endpoint_problem(backend, endpoint, kNow - 60s, kNow));
    CHECK_FALSE(endpoint_problem(backend, endpoint, kNow - 61s, kNow));
}

TEST_CASE("refusals are counted by address and reason, bounded, the latest first") {
    tunnel::Refusals refusals;
    refusals.add("10.0.0.1", "a", kNow);
    refusals.add("10.0.0.2", "a", kNow + 1s);
    refusals.add("10.0.0.1", "a", kNow + 2s);
    auto lately = refusals.lately(kNow + 2s, 60s);
    REQUIRE(lately.size() == 2);
    CHECK(lately[0].address == "10.0.0.1");
    CHECK(lately[0].count == 2);
    CHECK(refusals.lately(kNow + 62s, 60s).size() == 1);
    for (int i = 0; i < 100; ++i) {
        refusals.add(std::to_string(i), "b", kNow + 3s);
    }
    CHECK(refusals.lately(kNow + 3s, 60s).size() == 16);
}

TEST_CASE("where agents could come by WireGuard, a tunnel without a session says whether anything was heard") {
    TunnelRecord tunnel;
    tunnel.name = "shop";
    tunnel.keys.push_back({"key_1", {}, kNow, std::nullopt, WireGuardRecord{}});
    CHECK(says(lonely_tunnel_problem(tunnel, "0.0.0.0:51820", kNow), "check that UDP reaches 0.0.0.0:51820"));
    CHECK_FALSE(says(lonely_tunnel_problem(tunnel, "", kNow), "UDP"));
}

TEST_CASE("a seat that keeps sending without a session is a problem, one that has just been left is not") {
    wireguard::PeerStatus peer;
    peer.handshake = kNow;
    peer.endpoint = {boost::asio::ip::make_address("192.0.2.7"), 4000};
    WireGuardStanding standing;
    standing.tunnel = "shop";
    standing.seat = 2;
    const auto hear = [&](WallTime now, bool has_session) {
        peer.received += 32;
        return standing.note(peer, has_session, now);
    };
    hear(kNow, true);
    CHECK_FALSE(idle_seat_problem(standing));
    hear(kNow + 2s, false);  // what it sent in leaving
    CHECK_FALSE(idle_seat_problem(standing));
    standing.note(peer, false, kNow + 60s);
    CHECK_FALSE(idle_seat_problem(standing));
    hear(kNow + 60s, false);
    CHECK(says(idle_seat_problem(standing), "seat 2 of key"));
    CHECK(says(idle_seat_problem(standing), "192.0.2.7:4000"));
    hear(kNow + 62s, true);
    CHECK_FALSE(idle_seat_problem(standing));
}

TEST_CASE("a seat roams when its address changes, and is gone minutes after its last handshake") {
    wireguard::PeerStatus peer;
    peer.handshake = kNow;
    peer.endpoint = {boost::asio::ip::make_address("192.0.2.7"), 4000};
    WireGuardStanding standing;
    CHECK_FALSE(standing.note(peer, true, kNow));
    peer.endpoint->port = 4001;
    CHECK(standing.note(peer, true, kNow));
    CHECK(standing.roams == 1);
    CHECK_FALSE(standing.gone(kNow + 4min));
    CHECK(standing.gone(kNow + 5min));
}
