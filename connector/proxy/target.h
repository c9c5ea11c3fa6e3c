// What a request to a forward proxy asks for, and which services that could be. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/address.h"
#include "common/problem/failure.h"
#include "connector/http/message.h"
#include "connector/tunnel/table.h"

namespace adit::proxy {

/// Below it stand the names of services: payments-api.adit.internal. A label alone would not do: in the networks behind
/// agents it can be the name of a host.
inline constexpr std::string_view kServices = ".adit.internal";

struct Target {
    bool connect = false;
    net::HostPort at;
    std::string path;  ///< of an absolute form: normalised, without the query; or "*"
};

/// Why there is none is for the client: a request that is no business of a proxy, or a target that cannot be.
std::expected<Target, problem::Failure> target_of(const http::RequestHead& request);

/// A service that the target could mean.
struct Candidate {
    const tunnel::ServiceEntry* service = nullptr;  ///< the table's
    std::string_view path;  ///< of an absolute form: what follows the service's base path; a part of the target's
};

/// Those whose endpoint has the target's host and port, else the one that it names (by the ports of http and https,
/// whatever its endpoint's). A service with a base path is there below that path only, and never for CONNECT, which
/// could not be held to it.
std::vector<Candidate> candidates(const tunnel::Table& table, const Target& target);

}  // namespace adit::proxy
