// The agent's end of one session: answers the greeting and the probes, and serves CONNECT by a guarded pipe.
#pragma once

#include <memory>
#include <string>

#include "agent/allow/allow_list.h"
#include "agent/metrics/metrics.h"
#include "common/h2/session.h"
#include "common/log/sparing.h"
#include "common/net/alarm.h"
#include "common/net/resolver.h"
#include "common/protocol/greeting.h"

namespace adit::agent {

/// What all sessions of an agent use. The allow list is replaced as a whole when the operator reloads it.
struct Surroundings {
    net::Loop& loop;
    net::Resolver& resolver;
    AgentMetrics& metrics;
    std::shared_ptr<const AllowList> allow;
    protocol::Introduction introduction;
    std::chrono::milliseconds dial_timeout{10'000};  ///< the connector has a shorter one of its own
    h2::Limits limits;
    logging::Sparing sparing;  ///< for lines about streams that were refused
};

/// Told about a session's course. On the loop's thread.
class SessionWatcher {
  public:
    /// The greeting was answered: requests may come. Says how many sessions the connector wants.
    virtual void greeted(const protocol::Invitation& invitation) = 0;
    /// The connector is leaving: the session goes on for what runs, but another is needed.
    virtual void connector_leaving() = 0;
    /// A successor of the connector has come: the session goes on, but another one shall lead to the successor.
    virtual void successor_came() = 0;

  protected:
    ~SessionWatcher() = default;
};

/// One session from the finished handshake to its end. Owned by who awaits run().
class Session final : private h2::SessionListener {
  public:
    Session(std::unique_ptr<net::Stream> transport, Surroundings& surroundings, SessionWatcher& watcher);

    /// Serves until the session is over; answers why. timed_out: the connector was silent for several probe intervals.
    net::Task<net::Status> run();
    /// No new streams, please (GOAWAY); run() ends when the connector has finished with those that run.
    void drain();
    void close() { session_.close(net::Errc::aborted); }
    bool draining() const { return session_.draining(); }
    /// The connector's last words, if it said any.
    const std::string& peer_words() const { return session_.peer_words(); }
    std::size_t streams() const { return session_.stream_count(); }
    /// When the last probe was answered; the epoch when none was.
    net::Time probed_at() const { return probed_at_; }

  private:
    /// Closes the session when the connector has been silent too long: a half-open TCP connection looks just like that.
    class Silence final : public net::Deadline {
      public:
        explicit Silence(Session& session) : Deadline(session.surroundings_.loop.wheel()), session_(session) {}

      private:
        void expired() override;
        Session& session_;
    };

    void stream_accepted(std::unique_ptr<h2::Stream> stream) override;
    void peer_draining() override;
    void answer_greeting(std::unique_ptr<h2::Stream> stream);
    void heard();

    Surroundings& surroundings_;
    SessionWatcher& watcher_;
    h2::Session session_;
    Silence silence_;
    std::chrono::milliseconds patience_{10'000};
    net::Time probed_at_{};
};

}  // namespace adit::agent
