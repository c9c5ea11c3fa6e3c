// How a process ends that was told to, although one of its threads waits for good: for a disk, as a rule, that does not
// answer. What is left undone then is what it could not do.
#pragma once

#include <chrono>
#include <thread>

namespace adit {

/// Made once, by the thread that runs the process, before it starts others: theirs is not to take SIGTERM and SIGINT,
/// and neither is its own. One that waits for a disk takes none, and the kernel keeps them all for it.
class LastResort {
  public:
    /// Goes around the handlers that SIGTERM and SIGINT have, which are called as before, on a thread of ours. From the
    /// second signal on the process has `patience` to end.
    explicit LastResort(std::chrono::seconds patience);
    LastResort(const LastResort&) = delete;
    LastResort& operator=(const LastResort&) = delete;
    /// It has ended in time. On the thread that has made this.
    ~LastResort();

    /// The process is about to end by itself, and has `patience` for it.
    void begin() const;

  private:
    const std::chrono::seconds patience_;
    int done_ = -1;  ///< becomes readable when the thread shall end
    std::thread thread_;
};

}  // namespace adit
