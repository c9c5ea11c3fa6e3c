// Sentences for the operator; see status_problems.h.
#include "connector/status_problems.h"

#include <algorithm>
#include <string_view>

namespace adit {
namespace {

constexpr auto kExpiresSoon = std::chrono::days(14);
constexpr auto kLately = std::chrono::seconds(60);

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

std::string lonely_tunnel_problem(const TunnelRecord& tunnel, WallTime now) {
    const std::string what = "tunnel " + tunnel.name + ": no session, so requests to its services get 503; ";
    const std::string rotate = "make a token with 'adit-connector tunnel rotate-token " + tunnel.name + "'";
    if (tunnel.keys.empty()) {
        return what + "it has no key: " + rotate;
    }
    if (std::ranges::all_of(tunnel.keys, [&](const KeyRecord& key) { return expired(key, now); })) {
        return what + "all of its keys have expired: " + rotate;
    }
    return what + "start adit-agent with its token, or run 'adit-agent diagnose' where the agent runs";
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

}  // namespace adit
