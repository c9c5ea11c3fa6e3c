// Token, TLS, clock and session; see judge.h.
#include "agent/diagnose/judge.h"
#include "agent/dial/tls_dialer.h"
#include "common/base/time.h"

namespace adit::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto kExpiresSoon = std::chrono::days(14);
constexpr auto kClockGood = 30s;  ///< between two machines that keep time
constexpr auto kClockBad = 5min;  ///< what verifiers of dates commonly tolerate

bool says(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

/// "3 hours": in the largest unit of which there are at least two.
std::string roughly(std::chrono::seconds span) {
    const auto in = [&](std::chrono::seconds unit, const char* name) {
        return std::to_string(span / unit) + " " + name;
    };
    return span >= std::chrono::days(2)    ? in(std::chrono::days(1), "days")
           : span >= std::chrono::hours(2) ? in(1h, "hours")
           : span >= 2min                  ? in(1min, "minutes")
                                           : in(1s, "seconds");
}

/// RFC 8446 §6.2: the alerts by which a server says that it does not like a certificate.
bool refuses_key(const std::string& problem) {
    return says(problem, "alert bad certificate") || says(problem, "alert certificate unknown") ||
           says(problem, "alert certificate revoked") || says(problem, "alert unknown ca");
}

std::string where(const TokenPlace& place) {
    if (!place.file) {
        return place.said_by;
    }
    return place.file->string() + (place.said_by == "--token-file" ? "" : " (" + place.said_by + ")");
}

void fail(Finding& finding, std::string seen, std::string expected, std::string advice) {
    finding.verdict = Verdict::failed;
    finding.seen = std::move(seen);
    finding.expected = std::move(expected);
    finding.advice = std::move(advice);
}

/// A certificate that CAs, names and dates decide about.
void judge_certificate(Finding& finding, const std::string& host, const Handshake& handshake, WallTime now) {
    const std::string clock = " (this machine's clock says " + format_time(now) + ")";
    const std::string expected = "a certificate for " + host + " from a CA that this machine trusts";
    if (handshake.shown && now >= handshake.shown->not_after) {
        fail(finding, "the certificate expired at " + format_time(handshake.shown->not_after) + clock, expected,
             "renew the certificate, or, if the clock is wrong, set it");
    } else if (handshake.shown && now < handshake.shown->not_before) {
        fail(finding, "the certificate is valid from " + format_time(handshake.shown->not_before) + " on" + clock,
             expected, "set this machine's clock, or wait");
    } else {
        fail(
            finding,
            "the certificate is not accepted: " + handshake.problem +
                (handshake.shown ? " (of " + handshake.shown->subject + ", from " + handshake.shown->issuer + ")" : ""),
            expected,
            "if TLS is opened and closed again on the way, exempt " + host +
                " from that; else install the CA's certificate (ca-certificates, SSL_CERT_FILE)");
    }
}

/// A key that is not among the token's.
void judge_stranger(Finding& finding, const std::string& host, const tls::CertificateFacts& shown) {
    const std::string expected = "one of the connector's keys that the token names";
    if (shown.issuer == "adit-connector") {
        fail(finding, "an Adit connector answers, but its key is not the one that the token names", expected,
             "check that the address leads to the right connector; if its key was replaced, make a new token with "
             "'adit-connector tunnel rotate-token'");
        return;
    }
    fail(finding,
         "the server shows a certificate of '" + shown.subject + "' from '" + shown.issuer +
             "' instead of the connector's key: TLS is intercepted on the way, or this is another server",
         expected,
         "exempt " + host + " from TLS inspection in the proxy or firewall that '" + shown.issuer +
             "' belongs to; else check where the address leads");
}

}  // namespace

Finding judge_no_token() {
    Finding finding{"token", {}, Verdict::failed, {}};
    fail(finding, "there is none", "a token in a file or in the environment",
         "make one on the gateway side with 'adit-connector tunnel create NAME', put it into a file and name that with "
         "--token-file or TUNNEL_TOKEN_FILE");
    return finding;
}

Finding judge_unreadable_token(const TokenPlace& place, const Error& error) {
    Finding finding{"token", where(place), Verdict::failed, {}};
    fail(finding, error.message, "a file that this user can read",
         "check the path that " + place.said_by + " names, the file's owner and mode, and that it is mounted");
    return finding;
}

Finding judge_token(const TokenPlace& place, const Result<token::Token>& token, std::optional<unsigned> exposed,
                    WallTime now) {
    Finding finding{"token", where(place), Verdict::ok, {}};
    if (!token) {
        fail(
            finding, token.error().message, "a whole token, adit1_...",
            "copy all of what 'adit-connector tunnel create' or 'rotate-token' printed; it is not shown again, so when "
            "it is lost, rotate");
        return finding;
    }
    finding.seen = "of tunnel " + token->tunnel_name + ", key " + token->key_id +
                   (token->expires ? ", until " + format_time(*token->expires) : ", without an end");
    const std::string renew = "make a new one with 'adit-connector tunnel rotate-token " + token->tunnel_name + "'";
    if (token->expires && now >= *token->expires) {
        fail(finding, finding.seen + ": that is in the past", "a token that has not expired",
             renew + "; if this machine's clock is wrong (" + format_time(now) + "), set it");
    } else if (exposed) {
        finding.verdict = Verdict::warning;
        finding.seen += "; other users of this machine can read the file";
        finding.expected = "a file for its owner alone";
        finding.advice = "chmod 600 " + place.file->string();
    } else if (token->expires && now >= *token->expires - kExpiresSoon) {
        finding.verdict = Verdict::warning;
        finding.expected = "more than " + roughly(kExpiresSoon) + " left";
        finding.advice = renew;
    }
    return finding;
}

Finding judge_tls(const std::string& about, const std::string& host, const Handshake& handshake, WallTime now) {
    Finding finding{"tls", about, Verdict::ok, {}};
    const std::string expected = "TLS 1.3 with the protocol rh2, which an Adit connector speaks";
    if (handshake.end == Handshake::End::silence) {
        fail(finding, "connected, but no answer in the TLS handshake", expected,
             "something between takes connections without passing them on: check that the load balancer or port "
             "forwarding reaches the connector, and that firewalls do not hold TLS back");
    } else if (handshake.end == Handshake::End::failed && handshake.shown && says(handshake.problem, "not trusted") &&
               handshake.pinned) {
        judge_stranger(finding, host, *handshake.shown);
    } else if (handshake.end == Handshake::End::failed && handshake.shown && !handshake.pinned) {
        judge_certificate(finding, host, handshake, now);
    } else if (handshake.end == Handshake::End::failed || handshake.alpn != tls::kReverseHttp2) {
        fail(finding,
             handshake.end == Handshake::End::failed ? explain_tls(handshake.problem)
                                                     : "the server did not confirm the protocol rh2",
             expected,
             "check that the address and port are those of the connector's tunnels.tls.address, and that nothing in "
             "between ends TLS (a load balancer must pass TCP through)");
    } else {
        finding.seen = handshake.version + ", rh2, " +
                       (handshake.pinned ? "the key that the token names"
                                         : "a certificate of " + handshake.shown->subject + " until " +
                                               format_time(handshake.shown->not_after));
        if (!handshake.pinned && now >= handshake.shown->not_after - kExpiresSoon) {
            finding.verdict = Verdict::warning;
            finding.expected = "more than " + roughly(kExpiresSoon) + " left";
            finding.advice = "renew the connector's certificate";
        }
    }
    return finding;
}

Finding judge_session(const std::string& about, const SessionEnd& end, const token::Token& token, WallTime now) {
    Finding finding{"session", about, Verdict::ok, {}};
    if (end.invitation) {
        finding.seen = "accepted by " + end.invitation->instance + ", which wants at least " +
                       std::to_string(end.invitation->wanted_sessions) + " of each agent";
        return finding;
    }
    const std::string expected = "the connector's greeting, which comes once it has accepted the key";
    const std::string rotate = "make a new token with 'adit-connector tunnel rotate-token " + token.tunnel_name + "'";
    if (says(end.tls_problem, "alert certificate expired")) {
        const bool early = !token.expires || now < *token.expires;
        fail(finding, "the connector says that key " + token.key_id + " has expired", expected,
             rotate + (early ? "; by this machine's clock (" + format_time(now) +
                                   ") the token would still be good: either the key was given an end when another was "
                                   "made (--expire-old), or one of the two clocks is wrong"
                             : ""));
    } else if (refuses_key(end.tls_problem)) {
        fail(finding, "the connector does not know key " + token.key_id + ": it was revoked, or its tunnel was deleted",
             expected,
             "look at 'adit-connector tunnel describe " + token.tunnel_name + "' on the gateway side, and " + rotate);
    } else {
        fail(finding,
             "no greeting came" + (end.words.empty() ? std::string() : "; the connector says: " + end.words) +
                 (end.tls_problem.empty() ? "" : " (" + end.tls_problem + ")"),
             expected, "the connector's log says why it refused an agent; it may be at its limit of sessions");
    }
    return finding;
}

Finding judge_clock(const std::string& about, const SessionEnd& end, const std::optional<tls::CertificateFacts>& shown,
                    WallTime now) {
    Finding finding{"clock", about, Verdict::ok, {}};
    const std::string advice =
        "let both machines follow a time server (chrony, systemd-timesyncd): the connector's clock decides when keys "
        "expire, this one's whether certificates are valid";
    if (!end.invitation || !end.invitation->time) {
        if (shown && now < shown->not_before) {
            fail(finding,
                 "this machine's clock says " + format_time(now) +
                     ", which is before the certificate that was "
                     "shown was made (" +
                     format_time(shown->not_before) + ")",
                 "a later time", advice);
            return finding;
        }
        return skipped("clock", about,
                       end.invitation ? "this connector does not tell its time"
                                      : "without a session the connector's time is not known");
    }
    // The connector tells whole seconds: up to one of the difference is not real.
    const auto skew = std::chrono::duration_cast<std::chrono::seconds>(end.heard_at - *end.invitation->time);
    const auto size = skew < 0s ? -skew : skew;
    finding.seen = size <= 1s ? "agrees with the connector's"
                              : roughly(size) + (skew < 0s ? " behind" : " ahead of") + " the connector's";
    if (size > kClockGood) {
        finding.verdict = size > kClockBad ? Verdict::failed : Verdict::warning;
        finding.seen = "this machine's clock (" + format_time(end.heard_at) + ") is " + finding.seen + " (" +
                       format_time(*end.invitation->time) + ")";
        finding.expected = "at most " + roughly(kClockGood) + " between the two";
        finding.advice = advice;
    }
    return finding;
}

}  // namespace adit::agent
