// Sentences for the operator; see status_problems.h.
#include "connector/status_problems.h"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace adit {
namespace {

constexpr auto kExpiresSoon = std::chrono::days(14);
constexpr auto kLately = std::chrono::seconds(60);
constexpr std::size_t kStoreLines = 10;
constexpr std::size_t kReasons = 3;

bool expired(const KeyRecord& key, WallTime now) {
    return key.expires && *key.expires <= now;
}

}  // namespace

const char* certificate_state(const tls::CertificateFacts& certificate, WallTime now) {
    return now >= certificate.not_after                  ? "expired"
           : now < certificate.not_before                ? "not yet valid"
           : now >= certificate.not_after - kExpiresSoon ? "expires soon"
                                                         : "valid";
}

std::optional<std::string> certificate_problem(const std::string& listener, const tls::CertificateFacts& certificate,
                                               WallTime now) {
    const std::string_view state = certificate_state(certificate, now);
    if (state == "valid") {
        return std::nullopt;
    }
    const std::string what = "listener " + listener + ": its certificate for " + certificate.subject;
    const std::string renew = "renew it; changed files are taken up by themselves";
    if (state == "expired") {
        return what + " expired at " + format_time(certificate.not_after) + ", clients refuse it: " + renew;
    }
    if (state == "not yet valid") {
        return what + " is valid from " + format_time(certificate.not_before) + " on, and it is " + format_time(now) +
               ": check this machine's clock";
    }
    return what + " expires at " + format_time(certificate.not_after) + ": " + renew;
}

std::string lonely_tunnel_problem(const TunnelRecord& tunnel, const std::string& unheard, WallTime now) {
    const std::string what = "tunnel " + tunnel.name + ": no session, so requests to its services get 503; ";
    const std::string rotate = "make a token with 'adit-connector tunnel rotate-token " + tunnel.name + "'";
    if (tunnel.keys.empty()) {
        return what + "it has no key: " + rotate;
    }
    if (std::ranges::all_of(tunnel.keys, [&](const KeyRecord& key) { return expired(key, now); })) {
        return what + "all of its keys have expired: " + rotate;
    }
    const bool wireguard =
        std::ranges::any_of(tunnel.keys, [](const KeyRecord& key) { return key.wireguard.has_value(); });
    return what + "start adit-agent with its token, or run 'adit-agent diagnose' where the agent runs" +
           (wireguard && !unheard.empty() ? "; over WireGuard nothing was heard of it, either: if it should come that "
                                            "way, check that UDP reaches " +
                                                unheard
                                          : std::string());
}

std::optional<std::string> idle_seat_problem(const WireGuardStanding& standing) {
    if (standing.seat == 0 || !standing.idle()) {
        return std::nullopt;
    }
    return "tunnel " + standing.tunnel + ": seat " + std::to_string(standing.seat) + " of key " + standing.key_id +
           (standing.peer.endpoint ? " at " + standing.peer.endpoint->text() : std::string()) +
           " shakes hands over WireGuard but has no session: start adit-agent there with --wireguard-device existing, "
           "and let its firewall pass TCP inside the tunnel";
}

std::string refusal_problem(const tunnel::Refusal& refusal) {
    return "agent at " + refusal.address + ": refused " +
           (refusal.count == 1 ? std::string() : std::to_string(refusal.count) + " times, ") + "last at " +
           format_time(refusal.last) + ", since " + refusal.reason;
}

std::optional<std::string> endpoint_problem(const config::Backend& backend, const config::Endpoint& endpoint,
                                            std::optional<WallTime> failed_at, WallTime now) {
    if (!failed_at || *failed_at < now - kLately) {
        return std::nullopt;
    }
    return "backend " + backend.name + ": " + endpoint.text() + " could not be reached at " + format_time(*failed_at) +
           "; the access log names the reason";
}

std::optional<std::string> credential_problem(const std::string& backend, const backend::CredentialStanding& standing) {
    if (standing.trouble.empty()) {
        return std::nullopt;
    }
    return "backend " + backend + ": its " + standing.kind +
           (standing.has_value ? " is not refreshed: " : " is not to be had: ") + standing.trouble;
}

std::string refused_configuration_problem(const RefusedConfiguration& refused) {
    std::string reasons;
    std::istringstream lines(refused.reason);
    std::size_t taken = 0;
    for (std::string line; std::getline(lines, line);) {
        if (++taken <= kReasons && !line.empty()) {
            reasons += (reasons.empty() ? "" : "; ") + line;
        }
    }
    if (taken > kReasons) {
        reasons += "; and " + std::to_string(taken - kReasons) + " lines more";
    }
    return "the configuration on disk was refused at " + format_time(refused.at) +
           ", the one before serves on: " + reasons + "; 'adit-connector check' tells what a restart would make of it";
}

std::optional<std::string> guesses_problem(const Guesses& guesses, WallTime now) {
    const auto spell = guesses.lately(now);
    if (!spell) {
        return std::nullopt;
    }
    return "admin address: " + std::to_string(spell->count) + " wrong tokens or certificates from " +
           format_time(spell->first) + " to " + format_time(spell->last) + ", the last one from " + spell->from +
           ": somebody may be guessing, so let only those reach it who have to";
}

std::vector<std::string> store_problems(const std::vector<StoreWatch::Trouble>& troubles) {
    std::vector<std::string> lines;
    for (const StoreWatch::Trouble& trouble : troubles) {
        if (lines.size() == kStoreLines) {
            lines.push_back("of the tunnels' files, " + std::to_string(troubles.size() - kStoreLines) +
                            " more are not used either; the log names them");
            break;
        }
        const bool all = trouble.what == StoreWatch::Trouble::What::directory;
        lines.push_back((all ? "the tunnels' directory cannot be read" : "a tunnel's file is not used") +
                        std::string(", so what was changed or revoked there since has no effect: ") + trouble.reason);
    }
    return lines;
}

std::optional<std::string> shedding_problem(const ResourceStanding& standing) {
    if (standing.level == "none") {
        return std::nullopt;
    }
    const std::string who =
        standing.level == "all" ? "all requests" : "requests up to " + std::string(standing.level) + " priority";
    return std::string(standing.resource) + " is short (" + standing.words + "): " + who + " are refused with 503";
}

}  // namespace adit
