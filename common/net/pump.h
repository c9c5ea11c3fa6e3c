// Copies one direction of a pair of streams, and joins two streams into one pipe.
#pragma once

#include <memory>

#include "common/net/stream.h"

namespace adit::net {

/// Moves bytes from `from` to `to`, those that stand in its input first, until `from` ends, which ends `to` in order
/// (half-close) and answers ok; otherwise answers what broke. `moved` counts the bytes.
Task<Status> pump(Stream& from, Stream& to, std::uint64_t& moved);

/// What a pipe carried and how it ended.
struct PipeResult {
    std::uint64_t forth = 0;  ///< bytes from the first to the second
    std::uint64_t back = 0;
    Status why;  ///< ok when both directions ended in order
};

/// Copies both directions until both ended; a break of one resets both, so that neither side takes a part for the
/// whole. So does silence: `idle` without a byte in either direction, or up to a quarter more; 0 is no bound.
Task<PipeResult> join(Stream& first, Stream& second, std::chrono::milliseconds idle = {});

}  // namespace adit::net
