// What the status tells of bulkheads and rate limits.
#pragma once

#include <boost/json/array.hpp>

#include "connector/generation_limits.h"

namespace adit {

/// One row each: how much is taken, and how often somebody got nothing.
boost::json::array bulkheads_of(const LimitsInUse& limits);
boost::json::array rate_limits_of(const LimitsInUse& limits, resilience::Time now);

}  // namespace adit
