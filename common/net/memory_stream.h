// Two streams joined in memory: whole protocols and programs are tested over them without a socket.
#pragma once

#include <memory>
#include <utility>

#include "common/net/stream.h"

namespace adit::net {

/// What one end writes the other reads; at most `capacity` bytes stand between them, so back-pressure shows at once.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_pipe(Loop& loop, std::size_t capacity = 16 * 1024);

}  // namespace adit::net
