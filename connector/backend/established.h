// Waiting for the far end's word that a stream through a tunnel leads somewhere.
#pragma once

#include <optional>
#include <string_view>

#include "common/net/stream.h"
#include "common/problem/failure.h"

namespace adit::backend {

/// Suspends until the target behind the stream is connected; else why it is not, or will not be by `deadline`. The
/// stream outlives it; so does the name of the tunnel.
net::Task<std::optional<problem::Failure>> established(net::Stream& stream, std::string_view tunnel,
                                                       net::Time deadline);

}  // namespace adit::backend
