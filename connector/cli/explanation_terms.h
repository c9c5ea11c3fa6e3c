// What counts for the requests of a route at a backend, and which place of the file says so.
#pragma once

#include <boost/json/object.hpp>

#include "connector/config/config.h"

namespace adit::cli {

/// Timeouts with their origins, how often it is tried and how long that may take, circuits, bulkheads, cache and
/// fallbacks, as configured: {"timeouts","retry","circuits","bulkheads","cache","fallback"}; what is off is null, or an
/// empty list.
boost::json::object terms_of(const config::Configuration& configuration, const config::RouteRule& rule,
                             const config::Backend& backend);

/// For people, as lines that begin with what they are about: "timeouts", "connect 5s (default), ...".
std::vector<std::pair<std::string, std::string>> lines_of_terms(const boost::json::object& terms);

}  // namespace adit::cli
