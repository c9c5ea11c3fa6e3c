// Whether a caller may use a route or a service, told without sending a request: `adit-connector access explain`.
#pragma once

#include <string>
#include <vector>

#include "connector/access/caller.h"
#include "connector/config/config.h"
#include "connector/store/record.h"

namespace adit::cli {

/// One thing that was looked at.
struct AccessFinding {
    std::string what;  ///< "service payments-api", "route shop: backend web, http://…"
    bool allowed = false;
    std::string reason;  ///< the rule, in words
};

/// The caller that this consumer is, as configured; of an environment, where it has several. Names that no consumer has
/// may still come from tokens and certificates: their project is their name, unless `project` says otherwise.
Result<access::Caller> caller_named(const config::Configuration& configuration, const std::string& consumer,
                                    const std::string& project, const std::string& environment);

/// For a request that comes straight to the service.
AccessFinding explain_service(const config::Configuration& configuration, const std::vector<TunnelRecord>& tunnels,
                              const access::Caller& caller, const std::string& service);
/// The route itself where its rules deny, else each endpoint that it, or a route behind it, may lead to.
std::vector<AccessFinding> explain_route(const config::Configuration& configuration,
                                         const std::vector<TunnelRecord>& tunnels, const access::Caller& caller,
                                         std::size_t route);

}  // namespace adit::cli
