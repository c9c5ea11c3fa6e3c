// What the outcomes of a diagnosis's steps mean.
#include <doctest/doctest.h>

#include "agent/diagnose/judge.h"
#include "tests/unit/agent/allow_lists.h"

using namespace adit;
using namespace adit::agent;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = parse_time("2026-06-01T12:00:00Z").value();
const std::string kAbout = "192.0.2.1:7443";

bool says(const Finding& finding, std::string_view words) {
    return (finding.seen + " | " + finding.advice).find(words) != std::string::npos;
}

token::Token token_until(std::optional<WallTime> expires) {
    token::Token token;
    token.tunnel_name = "shop";
    token.key_id = "key_1";
    token.expires = expires;
    return token;
}

Finding judge_token_until(std::optional<WallTime> expires, std::optional<unsigned> exposed = {}) {
    return judge_token({"--token-file", "/etc/token"}, token_until(expires), exposed, kNow);
}

SessionEnd greeted_with(std::optional<WallTime> time) {
    SessionEnd end;
    end.invitation.emplace();
    end.invitation->time = time;
    end.heard_at = kNow;
    return end;
}

SessionEnd refused_with(std::string alert) {
    SessionEnd end;
    end.tls_problem = std::move(alert);
    return end;
}

Handshake pinned_failure(std::string problem, std::optional<tls::CertificateFacts> shown = {}) {
    return {Handshake::End::failed, std::move(problem), {}, {}, std::move(shown), true};
}

}  // namespace

TEST_CASE("a token is told with its end, and its file with who can read it") {
    CHECK(judge_token_until({}).verdict == Verdict::ok);
    CHECK(judge_token_until(kNow + 24h * 90).verdict == Verdict::ok);
    CHECK(judge_token_until(kNow + 24h).verdict == Verdict::warning);
    CHECK(judge_token_until(kNow).verdict == Verdict::failed);
    CHECK(says(judge_token_until(kNow - 1h), "rotate-token shop"));
    CHECK(says(judge_token_until({}, 0644), "chmod 600 /etc/token"));
}

TEST_CASE("each way in which a port is not reached has its own advice") {
    const auto judged = [](const problem::Failure& failure) {
        return judge_tcp(kAbout, "the connector", &failure, 0ms);
    };
    CHECK(says(judged(problem::connection_refused("x")), "start the connector"));
    CHECK(says(judged(problem::connection_timeout("x")), "drops the packets"));
    CHECK(says(judged(problem::destination_unroutable("x: Network is unreachable")), "routes"));
    CHECK(says(judged(problem::connection_failed("x: odd")), "x: odd"));
    CHECK(judge_tcp(kAbout, "the connector", nullptr, 12ms).verdict == Verdict::ok);
}

TEST_CASE("a proxy's refusal is told by its status, without user and password") {
    const net::Proxy proxy{"proxy.corp", 3128, "user", "hidden"};
    const net::HostPort name{"gateway.example", 7443};
    const auto judged = [&](const std::string& line) {
        const problem::Failure failure = problem::connection_refused("the proxy answered: " + line);
        return judge_proxy(name, proxy, &failure);
    };
    CHECK(says(judged("HTTP/1.1 407 No"), "user and password into HTTPS_PROXY"));
    CHECK(says(judged("HTTP/1.1 403 No"), "allow CONNECT to gateway.example:7443"));
    CHECK(says(judged("HTTP/1.1 502 No"), "the proxy itself cannot reach"));
    CHECK(says(judged("SSH-2.0"), "is an HTTP proxy"));
    CHECK_FALSE(says(judged("HTTP/1.1 407 No"), "hidden"));
    CHECK(judge_proxy(name, proxy, nullptr).verdict == Verdict::ok);
}

TEST_CASE("a key that the token does not name is a replaced one or somebody else's") {
    tls::CertificateFacts shown{"adit-connector", "adit-connector", kNow, kNow, {}};
    CHECK(
        says(judge_tls(kAbout, "g", pinned_failure("certificate not trusted", shown), kNow), "its key is not the one"));
    shown.issuer = "Corp Inspection";
    const Finding intercepted = judge_tls(kAbout, "g.example", pinned_failure("certificate not trusted", shown), kNow);
    CHECK(says(intercepted, "TLS is intercepted"));
    CHECK(says(intercepted, "exempt g.example from TLS inspection"));
}

TEST_CASE("a server that is no connector, or that says nothing, is told as such") {
    CHECK(says(judge_tls(kAbout, "g", pinned_failure("wrong version number"), kNow), "does not speak TLS"));
    Handshake silence;
    silence.end = Handshake::End::silence;
    CHECK(says(judge_tls(kAbout, "g", silence, kNow), "no answer in the TLS handshake"));
    Handshake other{Handshake::End::agreed, {}, "h2", "TLSv1.3", {}, true};
    CHECK(judge_tls(kAbout, "g", other, kNow).verdict == Verdict::failed);
    other.alpn = "rh2";
    CHECK(judge_tls(kAbout, "g", other, kNow).verdict == Verdict::ok);
}

TEST_CASE("a refused key is expired or unknown, and clocks that contradict each other are noticed") {
    CHECK(judge_session(kAbout, greeted_with(kNow), token_until({}), kNow).verdict == Verdict::ok);
    const SessionEnd expired = refused_with("sslv3 alert certificate expired");
    CHECK(says(judge_session(kAbout, expired, token_until(kNow + 1h), kNow), "one of the two clocks is wrong"));
    CHECK_FALSE(says(judge_session(kAbout, expired, token_until(kNow - 1h), kNow), "clock"));
    CHECK(says(judge_session(kAbout, refused_with("sslv3 alert bad certificate"), token_until({}), kNow), "revoked"));
    CHECK(says(judge_session(kAbout, {}, token_until({}), kNow), "no greeting"));
}

TEST_CASE("clocks may differ by half a minute, and more than five are a failure") {
    const auto verdict = [](std::chrono::seconds ahead) {
        return judge_clock(kAbout, greeted_with(kNow - ahead), {}, kNow).verdict;
    };
    CHECK(verdict(0s) == Verdict::ok);
    CHECK(verdict(-30s) == Verdict::ok);
    CHECK(verdict(31s) == Verdict::warning);
    CHECK(verdict(-5min) == Verdict::warning);
    CHECK(verdict(301s) == Verdict::failed);
    CHECK(says(judge_clock(kAbout, greeted_with(kNow + 3h), {}, kNow), "3 hours behind the connector's"));
    CHECK(says(judge_clock(kAbout, greeted_with(kNow - 50h), {}, kNow), "2 days ahead of the connector's"));
}

TEST_CASE("without the connector's time a certificate from the future still tells of a slow clock") {
    CHECK(judge_clock(kAbout, {}, {}, kNow).verdict == Verdict::skipped);
    CHECK(judge_clock(kAbout, greeted_with({}), {}, kNow).verdict == Verdict::skipped);
    const tls::CertificateFacts later{"a", "a", kNow + 1h, kNow + 2h, {}};
    CHECK(judge_clock(kAbout, {}, later, kNow).verdict == Verdict::failed);
}

TEST_CASE("an unreachable address is forgiven when another one leads to a session, a wrong key is not") {
    const Finding dead{"tcp", "a", Verdict::failed, "refused", "open", "start it"};
    const Finding stranger{"tls", "b", Verdict::failed, "stranger", "key", "look"};
    const Finding arrived{"session", "c", Verdict::ok, "accepted"};
    std::vector<Findings> without{{dead}, {stranger}};
    forgive_unreachable(without);
    CHECK(without[0][0].verdict == Verdict::failed);
    std::vector<Findings> with{{dead}, {stranger}, {arrived}};
    forgive_unreachable(with);
    CHECK(with[0][0].verdict == Verdict::warning);
    CHECK(with[1][0].verdict == Verdict::failed);
}

TEST_CASE("findings are lines for people and an object for programs") {
    const Finding failed{"tcp", "a:1", Verdict::failed, "refused", "an open port", "start it"};
    CHECK(as_text(failed) ==
          "failed   tcp      a:1: refused\n         expected an open port\n         to do    start it\n");
    CHECK(as_json({failed}) ==
          "{\"ok\":false,\"steps\":[{\"step\":\"tcp\",\"about\":\"a:1\",\"verdict\":\"failed\",\"seen\":\"refused\","
          "\"expected\":\"an open port\",\"advice\":\"start it\"}]}\n");
    const Finding hostile{"session", "c", Verdict::failed, "it says: \x1b[2J\nok  session"};
    CHECK(as_text(hostile) == "failed   session  c: it says: \\u001b[2J\\nok  session\n");
    CHECK(summary({failed, failed}) == "2 failed.\n");
    CHECK(summary({}) == "Nothing has failed.\n");
}

TEST_CASE("patterns of exactly one target can be dialled, wider ones cannot") {
    const auto only = [](std::string_view text) { return AllowPattern::parse(text).value().only_target(); };
    CHECK(only("Payments.internal:80") == "payments.internal:80");
    CHECK(only("10.0.0.1:80") == "10.0.0.1:80");
    CHECK(only("[fd00::1]:80") == "[fd00::1]:80");
    for (const char* wide : {"*.internal:80", "10.0.0.0/8:80", "a:80-81", "a:*"}) {
        CHECK_FALSE(only(wide));
    }
}
