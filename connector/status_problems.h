// What is wrong with a running connector, in words that say what to do. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/tls/certificate.h"
#include "connector/config/config.h"
#include "connector/store/record.h"
#include "connector/tunnel/refusals.h"

namespace adit {

/// "valid", "expires soon", "expired" or "not yet valid".
const char* certificate_state(const tls::CertificateFacts& certificate, WallTime now);

/// Nothing when the certificate is valid and will be for a while.
std::optional<std::string> certificate_problem(const std::string& listener, const tls::CertificateFacts& certificate,
                                               WallTime now);
/// Of a tunnel without a session.
std::string lonely_tunnel_problem(const TunnelRecord& tunnel, WallTime now);
std::string refusal_problem(const tunnel::Refusal& refusal);
/// Nothing unless the endpoint could not be reached within the last minute.
std::optional<std::string> endpoint_problem(const config::Backend& backend, const config::Endpoint& endpoint,
                                            std::optional<WallTime> failed_at, WallTime now);

}  // namespace adit
