// Starts a coroutine that nobody awaits, so that an escaped exception is never swallowed.
#pragma once

#include "common/net/task.h"

namespace adit::net {

/// Runs `task` on `context`: at once until it first waits, where that runs on this thread, else from its first turn on.
/// So what calls this must bear what the task does before it waits. An exception that escapes it is a programming
/// error: it is printed with `name` and the program ends. `name` must be a literal. Call on the context's thread, or
/// before it runs.
void spawn(boost::asio::io_context& context, const char* name, Task<> task);

}  // namespace adit::net
