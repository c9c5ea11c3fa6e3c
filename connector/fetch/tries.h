// Several tries within one flight.
#pragma once

#include "connector/fetch/keeper.h"

namespace adit::fetch {

/// Asks `once` up to three times while its trouble passes by itself and the provider names no time to come back, with
/// growing pauses in between (full jitter, 200 ms to 2 s). `each` bounds one try.
net::Task<Made> with_tries(net::Loop& loop, Fetch once, std::chrono::milliseconds each, net::Time deadline);

}  // namespace adit::fetch
