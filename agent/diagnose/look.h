// The session of a diagnosis: waits for the greeting, introduces nobody, and leaves.
#pragma once

#include <memory>

#include "agent/diagnose/judge.h"
#include "common/h2/session.h"
#include "common/net/deadline.h"
#include "common/tls/tls_stream.h"

namespace adit::agent {

/// The agent's end of one session that carries nothing. On its loop's thread.
class Look final : private h2::SessionListener, private net::Deadline {
  public:
    explicit Look(std::unique_ptr<tls::TlsStream> channel);

    /// Suspends until the connector has ended the session, at the latest some seconds after its greeting, or `deadline`
    /// has passed without one.
    net::Task<SessionEnd> run(net::Time deadline);

  private:
    void stream_accepted(std::unique_ptr<h2::Stream> stream) override;
    void peer_draining() override {}
    void expired() override;

    tls::TlsStream& channel_;  ///< owned by the session
    h2::Session session_;
    SessionEnd end_;
};

}  // namespace adit::agent
