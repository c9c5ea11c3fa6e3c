// What a running connector says of its backends' endpoints.
#pragma once

#include <boost/json/array.hpp>

#include "common/base/time.h"
#include "connector/backend/roster.h"

namespace adit {

/// One row for each: its state (well, unhealthy, ejected), since when it is away and for how long, what it is busy
/// with. `now` and `wall` are the same moment.
boost::json::array endpoint_rows(const backend::Roster& roster, resilience::Time now, WallTime wall);

}  // namespace adit
