// One CONNECT at the agent: check the target, resolve it, check the address, dial that very address, copy bytes.
#pragma once

#include <memory>

#include "common/h2/stream.h"
#include "common/net/task.h"

namespace adit::agent {

struct Surroundings;

/// Serves an accepted CONNECT stream to its end. Refusals are answered with a status and Proxy-Status (RFC 9209), so
/// that the caller at the far end learns the real cause. A stream that is given up ends its dial. `surroundings`
/// outlives it.
net::Task<> serve_pipe(std::unique_ptr<h2::Stream> stream, Surroundings& surroundings);

}  // namespace adit::agent
