// What the status tells of retries.
#pragma once

#include <boost/json/array.hpp>

#include "connector/generation.h"

namespace adit {

/// One row for each backend, and route, that says `retry`: how much of its budget is taken.
boost::json::array retries_of(const Generation& generation);

}  // namespace adit
