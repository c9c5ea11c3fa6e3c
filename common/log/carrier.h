// The interface of what takes lines out of a queue and to where they belong, whatever the way.
#pragma once

#include <chrono>

namespace adit::logging {

/// Runs from its construction on, on a thread of its own. Used by one thread, but never by that one. Destroying it
/// gives up what still waits.
class Carrier {
  public:
    virtual ~Carrier() = default;
    /// What it writes to may have been moved away by somebody: it shall be opened anew.
    virtual void reopen() {}
    /// No more will come: it carries what waits, then ends.
    virtual void close() = 0;
    /// After close(): waits for its end, at most until `deadline`; whether it has ended. What waits then is counted as
    /// lost once it is destroyed.
    virtual bool await_end(std::chrono::steady_clock::time_point deadline) = 0;
};

}  // namespace adit::logging
