// What is wrong with a running connector, in words that say what to do. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/tls/certificate.h"
#include "connector/admin/guesses.h"
#include "connector/backend/credential.h"
#include "connector/config/config.h"
#include "connector/overload_watch.h"
#include "connector/store/record.h"
#include "connector/store/watch.h"
#include "connector/tunnel/refusals.h"
#include "connector/wireguard_standing.h"

namespace adit {

/// "valid", "expires soon", "expired" or "not yet valid".
const char* certificate_state(const tls::CertificateFacts& certificate, WallTime now);

/// Nothing when the certificate is valid and will be for a while.
std::optional<std::string> certificate_problem(const std::string& listener, const tls::CertificateFacts& certificate,
                                               WallTime now);
/// Of a tunnel without a session. `unheard`: where its agents could come by WireGuard, and none was heard; else empty.
std::string lonely_tunnel_problem(const TunnelRecord& tunnel, const std::string& unheard, WallTime now);
/// Nothing unless somebody in that seat keeps sending, and has no session.
std::optional<std::string> idle_seat_problem(const WireGuardStanding& standing);
std::string refusal_problem(const tunnel::Refusal& refusal);
/// Nothing unless the endpoint could not be reached within the last minute.
std::optional<std::string> endpoint_problem(const config::Backend& backend, const config::Endpoint& endpoint,
                                            std::optional<WallTime> failed_at, WallTime now);

/// Nothing unless the last fetch of a backend's credential failed.
std::optional<std::string> credential_problem(const std::string& backend, const backend::CredentialStanding& standing);
/// A configuration that was not taken up, as on disk it may still be.
struct RefusedConfiguration {
    WallTime at;
    std::string reason;  ///< may have several lines
};
std::string refused_configuration_problem(const RefusedConfiguration& refused);
/// Nothing unless somebody seems to guess tokens or certificates of operators.
std::optional<std::string> guesses_problem(const Guesses& guesses, WallTime now);
/// Of the first few, and how many more there are.
std::vector<std::string> store_problems(const std::vector<StoreWatch::Trouble>& troubles);
/// Nothing unless requests are shed for want of it.
std::optional<std::string> shedding_problem(const ResourceStanding& standing);

}  // namespace adit
