// Readiness of one descriptor, edge-triggered and remembered, so that no system call is spent on asking again.
#pragma once

#include "common/net/waiter.h"

namespace adit::net {

/// Told when the peer of a descriptor has closed its connection or its sending direction. Called on the loop's thread
/// while events are dealt out: note it and wake somebody, do not destroy streams.
class HangupListener {
  public:
    virtual void peer_hung_up() = 0;

  protected:
    ~HangupListener() = default;
};

/// Registers `fd` (not owned, non-blocking) with the loop as long as it lives. Flags say what was last known: a reader
/// clears `readable` when it has read less than it asked for, a writer `writable` when not all was taken.
class Watch {
  public:
    Watch(Loop& loop, int fd);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

    bool readable = false;
    bool writable = false;
    bool hangup = false;  ///< FIN or reset seen: reads never block any more
    Waiter on_readable;
    Waiter on_writable;
    Waiter* forward_to = nullptr;  ///< woken by every event, for one coroutine that watches many descriptors
    HangupListener* hangup_listener = nullptr;

    Loop& loop() const { return *loop_; }
    int fd() const { return fd_; }

  private:
    Loop* loop_;
    int fd_;
};

}  // namespace adit::net
