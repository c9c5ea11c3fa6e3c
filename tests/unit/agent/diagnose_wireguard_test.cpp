// What the outcomes of a diagnosis's steps over WireGuard mean.
#include <doctest/doctest.h>

#include "agent/diagnose/judge_wireguard.h"

using namespace adit;
using namespace adit::agent;
using namespace std::chrono_literals;

namespace {

const std::string kAbout = "192.0.2.1:51820 (UDP)";

bool says(const Finding& finding, std::string_view words) {
    return (finding.seen + " | " + finding.advice).find(words) != std::string::npos;
}

token::Token token_with_row() {
    token::Token token;
    token.tunnel_name = "shop";
    token.key_id = "key_1";
    token.wireguard.emplace();
    token.wireguard->connector = {boost::asio::ip::make_address("10.77.0.1"), 7480};
    return token;
}

Knock knock_that_saw(Datagrams datagrams) {
    Knock knock;
    knock.datagrams = std::move(datagrams);
    knock.inside = "no answer";
    knock.waited = 6s;
    return knock;
}

Knock good_knock() {
    Knock knock;
    knock.took = 12ms;
    return knock;
}

Finding udp(const Datagrams& seen) {
    return judge_udp(kAbout, knock_that_saw(seen), token_with_row());
}

Finding handshake(const Datagrams& seen) {
    return judge_handshake(kAbout, knock_that_saw(seen), token_with_row());
}

Finding step(const char* name, Verdict verdict) {
    return {name, kAbout, verdict, {}};
}

const Findings kTlsArrives{step("tcp", Verdict::ok), step("session", Verdict::ok)};
const Findings kTlsFails{step("tcp", Verdict::failed), step("session", Verdict::skipped)};
const Findings kWireGuardArrives{step("device", Verdict::ok), step("session", Verdict::ok)};
const Findings kWireGuardFails{step("device", Verdict::ok), step("udp", Verdict::failed)};

}  // namespace

TEST_CASE("a refusal says that nothing listens, silence says what it may mean, an answer is all that UDP needs") {
    CHECK(says(udp({.sent = 1, .refused = true}), "nothing listens there"));
    CHECK(says(udp({.sent = 2}), "UDP is blocked"));
    CHECK(says(udp({.sent = 2}), "tunnel describe shop"));
    CHECK(says(udp({.problem = "Network is unreachable"}), "cannot be sent: Network is unreachable"));
    CHECK(udp({.sent = 1, .received = 1, .answers = 1}).verdict == Verdict::ok);
    CHECK(judge_udp(kAbout, good_knock(), token_with_row()).verdict == Verdict::ok);
}

TEST_CASE("an answer to a handshake that cannot be opened means another preshared key") {
    CHECK(says(handshake({.answers = 1}), "another preshared key"));
    CHECK(says(handshake({.cookies = 1}), "too many"));
    CHECK(handshake({}).verdict == Verdict::skipped);
    CHECK(says(judge_handshake(kAbout, good_knock(), token_with_row()), "12 ms"));
}

TEST_CASE("a session over WireGuard shows its seat, or why there is none") {
    const token::Token token = token_with_row();
    SessionEnd end;
    end.words = "all seats of this key in the WireGuard network are taken";
    CHECK(says(judge_inner_session(kAbout, good_knock(), end, token), "room for 7 agents"));
    CHECK(says(judge_inner_session(kAbout, good_knock(), {}, token), "no greeting came"));
    Knock deaf = good_knock();
    deaf.inside = "connection refused";
    CHECK(says(judge_inner_session(kAbout, deaf, {}, token), "10.77.0.1:7480"));
    end.invitation.emplace();
    end.invitation->seat = 7;
    CHECK(says(judge_inner_session(kAbout, good_knock(), end, token), "seat 7 of 7"));
    CHECK(judge_inner_session(kAbout, knock_that_saw({}), {}, token).verdict == Verdict::skipped);
}

TEST_CASE("the size of packets is told with the size to set") {
    const auto told = [](Fullness fullness) { return judge_mtu(kAbout, fullness); };
    CHECK(says(told({.mtu = 1420, .crossed = true}), "1480 on the way"));
    CHECK(says(told({.mtu = 1420, .v6 = true, .crossed = true}), "1500 on the way"));
    CHECK(says(told({.mtu = 1420, .smaller = 1280}), "--wireguard-mtu 1280"));
    CHECK(told({.mtu = 1420}).verdict == Verdict::failed);

    const Finding cut = told({.mtu = 1420, .crossed = true, .path = 1400});
    CHECK(cut.verdict == Verdict::warning);
    CHECK(says(cut, "--wireguard-mtu 1340"));
    CHECK(told({.mtu = 1420, .path = 1400}).verdict == Verdict::failed);
    CHECK(says(told({.mtu = 1420, .crossed = true, .path = 1300}), "WireGuard needs 1340"));
}

TEST_CASE("of two transports, the one that would be taken is named") {
    CHECK(says(judge_taken({kTlsArrives, kWireGuardArrives}), "TLS would be taken; WireGuard works"));
    CHECK(says(judge_taken({kTlsArrives, kWireGuardFails}), "nothing to fall back to"));
    const Finding fallen = judge_taken({kTlsFails, kWireGuardArrives});
    CHECK(fallen.verdict == Verdict::warning);
    CHECK(says(fallen, "WireGuard would be taken"));
    CHECK(judge_taken({kTlsFails, kWireGuardFails}).verdict == Verdict::failed);
}

TEST_CASE("a wish that the token cannot fulfil is a failure in words") {
    CHECK(says(judge_ways(choose_ways({.tls = true}, protocol::Transport::wireguard)), "no WireGuard part"));
    CHECK(says(judge_ways(choose_ways({.tls = true, .wireguard = true}, std::nullopt)), "TLS and WireGuard"));
}

TEST_CASE("blocked UDP is a warning once TLS leads to a session") {
    std::vector<Findings> walks{kTlsArrives, kWireGuardFails};
    forgive_unreachable(walks);
    CHECK(walks[1][1].verdict == Verdict::warning);
}
