// What each policy of a route says about a caller, without asking him for anything.
#pragma once

#include <boost/json/array.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connector/access/caller.h"
#include "connector/config/config.h"

namespace adit::cli {

/// One row a policy, in the route's order: {"policy","kind","verdict","reason"}. Of ways to tell who calls the verdict
/// is "accepts", "refuses" or, without a caller, "asks"; of limits "counts" (in a dry run "only counts"),
/// with what tells callers apart beside, and the caller's tier: {"by","tier"}.
boost::json::array policies_of(const config::Configuration& configuration, const config::RouteRule& rule,
                               const std::optional<access::Caller>& caller);

/// "policy", "api-key: accepts, 2 keys".
std::vector<std::pair<std::string, std::string>> lines_of_policies(const boost::json::array& policies);

}  // namespace adit::cli
