// The scripts that connectors of a fleet run in Redis. No I/O.
#pragma once

#include <span>

#include "connector/state/script.h"

namespace adit::state {

/// All of them: a connection brings them along.
std::span<const Script* const> scripts();

const Script& take_script();      ///< limits_lua.h
const Script& refund_script();    ///< limits_lua.h
const Script& circuits_script();  ///< circuits_lua.h
const Script& advice_script();    ///< circuits_lua.h

}  // namespace adit::state
