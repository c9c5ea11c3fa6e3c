// What writes lines somewhere and may have to wait for it, and the sign that tells it to wait no longer.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/log/batch.h"

namespace adit::logging {

/// A sign that is raised once, by another thread, and interrupts every wait.
class Abandon {
  public:
    Abandon();
    Abandon(const Abandon&) = delete;
    Abandon& operator=(const Abandon&) = delete;
    ~Abandon();

    void raise();
    bool raised() const { return await(std::chrono::milliseconds(0)); }
    /// Waits until it is raised, at most for `time`; whether it is.
    bool await(std::chrono::milliseconds time) const;
    /// Waits until `fd` takes bytes or is broken; false when the sign was raised first.
    bool await_writable(int fd) const;

  private:
    int event_;
};

/// One place that lines are written to. Used by one thread, which waits where it has to.
class Writer {
  public:
    virtual ~Writer() = default;
    /// Writes the batch; returns how many of its lines were lost.
    virtual std::uint64_t write(const Batch& batch, const Abandon& abandon) = 0;
    virtual void reopen() {}
};

}  // namespace adit::logging
