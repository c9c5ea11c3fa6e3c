// Reaching a host through an HTTP proxy: CONNECT with optional Basic credentials (RFC 9110 §9.3.6, RFC 7617).
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "common/net/stream.h"
#include "common/problem/failure.h"

namespace adit::net {

/// User and password for a proxy.
struct BasicCredentials {
    std::string user;
    std::string password;
};

/// Asks the proxy at the other end of `stream` for `target` (host:port). Ok: from here on the stream leads there.
/// Bounded by the caller with stream.abort(). The failure carries the proxy's status line, never the credentials.
Task<std::expected<void, problem::Failure>> proxy_connect(Stream& stream, std::string target,
                                                          std::optional<BasicCredentials> credentials);

}  // namespace adit::net
