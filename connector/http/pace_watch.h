// Looks at intervals whether a client keeps pace with the least rate of its listener; see net::Pace.
#pragma once

#include "common/net/loop.h"
#include "common/net/pace.h"

namespace adit::http {

/// Ticks only while somebody waits for the client, so a body that is simply there costs nothing. What has moved is
/// asked for at a tick, not when a wait begins: to ask may be a system call.
class PaceWatch : public net::Deadline {
  public:
    PaceWatch(net::Loop& loop, const net::LeastRate& least);

    /// It is the client's turn, until over().
    void turn();
    void over();

  protected:
    ~PaceWatch() override = default;

  private:
    /// Bytes since the beginning; may be any number at first, and then grows with what the client does.
    virtual std::int64_t moved() = 0;
    /// Somebody else than the client keeps us waiting now.
    virtual bool excused() { return false; }
    /// Told once.
    virtual void too_slow() = 0;
    void expired() override;

    net::Loop& loop_;
    net::Pace pace_;
    const net::Clock::duration step_;
    net::Time since_{};
    bool waiting_ = false;
};

}  // namespace adit::http
