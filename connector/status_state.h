// The status report's part of what connectors share.
#pragma once

#include <boost/json/array.hpp>
#include <optional>
#include <string>

#include "connector/state/store.h"

namespace adit {

using StateStandings = std::vector<state::Store::WorkerStanding>;

/// By worker; empty where nothing is shared.
boost::json::array state_rows(const StateStandings& standings);
/// What an operator should know at once; nothing while all workers are answered.
std::optional<std::string> state_problem(const StateStandings& standings);

}  // namespace adit
