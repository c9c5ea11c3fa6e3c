// Looking at what callers show; see caller.h.
#include "common/status/caller.h"

#include <algorithm>
#include <array>
#include <span>

#include "common/base/secret.h"
#include "common/base/strings.h"

namespace adit::status {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The token of a field such as "Bearer xyz"; the scheme's name is case-insensitive (RFC 9110 §11.1).
std::optional<std::string_view> bearer(std::string_view authorization) {
    constexpr std::string_view kScheme = "bearer ";
    if (to_lower(authorization.substr(0, kScheme.size())) != kScheme) {
        return std::nullopt;
    }
    return trim(authorization.substr(kScheme.size()));
}

bool is_listed(const std::vector<std::string>& subjects, const tls::PeerCertificate& shown) {
    return std::ranges::any_of(subjects, [&](const std::string& listed) {
        return listed == shown.subject || std::ranges::find(shown.sans, listed) != shown.sans.end();
    });
}

}  // namespace

std::string name_of(const tls::PeerCertificate& certificate) {
    const std::string& subject = certificate.subject;
    const std::string first = certificate.sans.empty() ? std::string() : certificate.sans.front();
    return subject.empty() ? first : first.empty() ? subject : subject + " (" + first + ")";
}

std::string_view name_of(Refusal::Why why) {
    static constexpr std::array<std::string_view, Refusal::kWhys> kNames{
        "no_certificate", "certificate", "no_token", "token", "page", "handshake", "silent"};
    return kNames.at(static_cast<std::size_t>(why));
}

Caller caller_of(const Peer& peer) {
    if (peer.process) {
        const std::string number = "uid " + std::to_string(peer.process->user);
        const std::string& name = peer.process->user_name;
        return {name.empty() ? number : name + " (" + number + ")",
                "unix socket, process " + std::to_string(peer.process->id)};
    }
    const bool here = peer.address.ip.is_loopback();
    return {peer.certificate ? name_of(*peer.certificate) : here ? "loopback" : "unknown", peer.address.text()};
}

std::expected<Caller, Refusal> admit(const Demands& demands, const Peer& peer,
                                     std::optional<std::string_view> authorization) {
    if (demands.certificate && !peer.certificate) {
        return std::unexpected(
            Refusal{403, "a client certificate is asked for here, and none was shown", Refusal::Why::no_certificate});
    }
    if (demands.certificate && !demands.subjects.empty() && !is_listed(demands.subjects, *peer.certificate)) {
        return std::unexpected(Refusal{403, "this certificate is not among those that admin.tls.subjects lists",
                                       Refusal::Why::certificate});
    }
    Caller caller = caller_of(peer);
    if (demands.token.empty()) {
        return caller;
    }
    const auto shown = authorization ? bearer(*authorization) : std::nullopt;
    if (!shown) {
        return std::unexpected(Refusal{401, "a token is asked for here, as Authorization: Bearer",
                                       authorization ? Refusal::Why::token : Refusal::Why::no_token});
    }
    if (!equal_in_constant_time(bytes_of(*shown), bytes_of(demands.token.reveal()))) {
        return std::unexpected(Refusal{401, "this is not the token", Refusal::Why::token});
    }
    caller.who = caller.who == "unknown" ? "token" : caller.who + " with the token";
    return caller;
}

}  // namespace adit::status
