// Device, UDP, handshake, seat and packet size; see judge_wireguard.h.
#include "agent/diagnose/judge_wireguard.h"

#include <algorithm>

#include "common/wireguard/mtu.h"

namespace adit::agent {
namespace {

// What WireGuard adds to a packet inside: an IP head, UDP's 8 bytes and its own 32.
constexpr unsigned kOverheadV4 = 60;
constexpr unsigned kOverheadV6 = 80;

std::string in_ms(Took took) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) + " ms";
}

Finding failed(const char* step, std::string about, std::string seen, std::string expected, std::string advice) {
    return {step, std::move(about), Verdict::failed, std::move(seen), std::move(expected), std::move(advice)};
}

std::string rotate(const token::Token& token) {
    return "make a new token with 'adit-connector tunnel rotate-token " + token.tunnel_name + "'";
}

bool has(const Findings& walk, std::string_view step, Verdict verdict) {
    return std::ranges::any_of(
        walk, [&](const Finding& finding) { return finding.step == step && finding.verdict == verdict; });
}

bool over_wireguard(const Findings& walk) {
    return std::ranges::any_of(walk, [](const Finding& one) { return one.step == std::string_view("device"); });
}

std::string set_mtu(unsigned mtu) {
    const std::string value = std::to_string(mtu);
    return "set the MTU to " + value + ": --wireguard-mtu " + value +
           " for this agent, or for all tunnels.wireguard.mtu at the connector, before new tokens are made";
}

}  // namespace

Finding judge_ways(const Result<WayChoice>& choice) {
    if (!choice) {
        return failed("transport", {}, choice.error().message, "a token that holds what was asked for",
                      "change --transport-protocol (TUNNEL_TRANSPORT_PROTOCOL, transport_protocol), or the token");
    }
    const auto& [ways, why] = *choice;
    return {"transport",
            {},
            Verdict::ok,
            std::string(ways.tls && ways.wireguard ? "TLS and WireGuard"
                        : ways.tls                 ? "TLS alone"
                                                   : "WireGuard alone") +
                ": " + why};
}

Finding judge_taken(const std::vector<Findings>& walks) {
    const auto arrives = [&](bool wireguard) {
        return std::ranges::any_of(walks, [&](const Findings& walk) {
            return over_wireguard(walk) == wireguard && has(walk, "session", Verdict::ok);
        });
    };
    if (arrives(false)) {
        return {"transport",
                {},
                Verdict::ok,
                arrives(true) ? "TLS would be taken; WireGuard works, too, should TLS fail"
                              : "TLS would be taken; there is nothing to fall back to while WireGuard fails"};
    }
    if (arrives(true)) {
        return {"transport",
                {},
                Verdict::warning,
                "WireGuard would be taken, since TLS fails",
                "TLS, which is preferred",
                "mend what the steps of TLS say, or take --transport-protocol wireguard, so that TLS is not tried "
                "first"};
    }
    return failed("transport", {}, "neither TLS nor WireGuard leads to a session", "one of them",
                  "mend what the steps before say, of either");
}

Finding judge_device(std::string about, const Result<std::string>& why) {
    if (why) {
        return {"device", std::move(about), Verdict::ok, *why};
    }
    return failed("device", std::move(about), why.error().message, "a WireGuard device that this user may have",
                  "choose another with --wireguard-device: user-space needs no privilege, only the program "
                  "adit-wireguard");
}

Finding judge_udp(std::string about, const Knock& knock, const token::Token& token) {
    const Datagrams& seen = knock.datagrams;
    const std::string expected = "an answer to a WireGuard handshake";
    if (knock.took || seen.answers > 0 || seen.cookies > 0) {
        return {"udp", std::move(about), Verdict::ok, "answers come"};
    }
    if (seen.refused) {
        return failed("udp", about, "nothing listens there: the other end answers 'port unreachable'", expected,
                      "start the connector, and check that " + about +
                          " leads to its tunnels.wireguard.address, the same port, and UDP");
    }
    if (!seen.problem.empty() && seen.sent == 0) {
        return failed("udp", about, "datagrams cannot be sent: " + seen.problem, expected,
                      "check this machine's routes and firewall for UDP to " + about);
    }
    return failed("udp", about,
                  "no answer to a handshake within " + in_ms(knock.waited) +
                      ": UDP is blocked on the way, or the connector's WireGuard key is another one than the token "
                      "names, or the token was revoked (WireGuard answers strangers with silence)",
                  expected,
                  "allow outgoing UDP to " + about +
                      " in firewalls, security groups and network policies, and incoming UDP at the other end; on the "
                      "gateway side look whether 'adit-connector tunnel describe " +
                      token.tunnel_name + "' shows key " + token.key_id +
                      " with addresses, and whether tunnels.wireguard.key is still the file that the token was made "
                      "with; if not, " +
                      rotate(token));
}

Finding judge_handshake(std::string about, const Knock& knock, const token::Token& token) {
    if (knock.took) {
        return {"handshake", std::move(about), Verdict::ok, "took " + in_ms(*knock.took)};
    }
    if (knock.datagrams.answers > 0) {
        return failed("handshake", std::move(about),
                      "the connector knows this token's key and answers, but with another preshared key",
                      "the preshared key that the token holds",
                      "the connector's file wireguard.preshared (beside tunnels.wireguard.key) was replaced since the "
                      "token was made: bring it back, or " +
                          rotate(token));
    }
    if (knock.datagrams.cookies > 0) {
        return failed("handshake", std::move(about), "the connector puts handshakes off, since it has too many",
                      "a finished handshake", "try again; if it stays so, look at the connector's load");
    }
    return skipped("handshake", std::move(about), "the step before has failed");
}

Finding judge_inner_session(std::string about, const Knock& knock, const SessionEnd& end, const token::Token& token) {
    const std::string expected = "the connector's greeting inside the network";
    if (!knock.took && !knock.inside.empty()) {
        return skipped("session", std::move(about), "the step before has failed");
    }
    const std::string inside = token.wireguard->connector.text();
    if (!knock.inside.empty()) {
        return failed("session", std::move(about), "nothing answers at " + inside + " inside: " + knock.inside,
                      expected,
                      "check that an Adit connector runs behind that WireGuard, and that its tunnels.wireguard.network "
                      "is still the one of the token");
    }
    if (end.invitation) {
        const unsigned seat = end.invitation->seat;
        return {"session", std::move(about), Verdict::ok,
                "accepted by " + end.invitation->instance +
                    (seat == 0 ? std::string()
                               : ", which gives seat " + std::to_string(seat) + " of " +
                                     std::to_string(token.wireguard->seats))};
    }
    if (end.words.find("seat") != std::string::npos) {
        return failed("session", std::move(about), "the connector says: " + end.words, expected,
                      "a token has room for " + std::to_string(token.wireguard->seats) +
                          " agents over WireGuard: end one, or give this one a token of its own with 'adit-connector "
                          "tunnel rotate-token " +
                          token.tunnel_name + "'");
    }
    return failed("session", std::move(about),
                  "no greeting came" + (end.words.empty() ? std::string() : "; the connector says: " + end.words),
                  expected,
                  "the connector's log says why it refused an agent: key " + token.key_id +
                      " may have expired, or it is at its limit of sessions");
}

Finding judge_mtu(std::string about, const Fullness& fullness) {
    const unsigned overhead = fullness.v6 ? kOverheadV6 : kOverheadV4;
    const std::string inside = std::to_string(fullness.mtu) + " bytes";
    const std::string outside = std::to_string(fullness.mtu + overhead) + " on the way";
    const std::string expected = "full packets that arrive whole";
    if (fullness.path && *fullness.path < wireguard::kMinMtu + overhead) {
        return failed("mtu", std::move(about),
                      "the path carries packets of " + std::to_string(*fullness.path) + " bytes only", expected,
                      "WireGuard needs " + std::to_string(wireguard::kMinMtu + overhead) +
                          " there: look for a tunnel on the way, such as a VPN, with an MTU below that");
    }
    if (fullness.path) {
        return {"mtu",
                std::move(about),
                fullness.crossed ? Verdict::warning : Verdict::failed,
                "packets of " + inside + " inside (" + outside + ") are larger than the path's " +
                    std::to_string(*fullness.path) + ": they are cut up, and " +
                    (fullness.crossed ? "arrive" : "do not arrive"),
                expected,
                set_mtu(*fullness.path - overhead)};
    }
    if (fullness.crossed) {
        return {"mtu", std::move(about), Verdict::ok,
                "packets of " + inside + " inside (" + outside + ") reach the connector"};
    }
    const std::string lost = "packets of " + inside + " inside (" + outside + ") are lost";
    if (fullness.smaller) {
        return failed("mtu", std::move(about), lost + ", those of " + std::to_string(*fullness.smaller) + " arrive",
                      expected, set_mtu(*fullness.smaller));
    }
    return failed("mtu", std::move(about), lost + ", and smaller ones are, too", expected,
                  "the way loses packets or the connector is stuck: see its log, and run this again");
}

}  // namespace adit::agent
