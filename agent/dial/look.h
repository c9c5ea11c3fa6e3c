// A session that only looks: waits for the greeting, introduces nobody, and leaves.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/dial/dialer.h"
#include "common/base/time.h"
#include "common/h2/session.h"
#include "common/net/deadline.h"
#include "common/protocol/greeting.h"

namespace adit::agent {

/// What a look has seen, and how it ended.
struct SessionEnd {
    std::optional<protocol::Invitation> invitation;  ///< the greeting, which proves that the key is accepted
    WallTime heard_at;                               ///< when it came, by this machine's clock
    std::string tls_problem;
    std::string words;   ///< the connector's last, if any
    bool heard = false;  ///< the connector has taken our answer to the greeting: it ended the session
};

/// The agent's end of one session that carries nothing. On its loop's thread.
class Look final : private h2::SessionListener, private net::Deadline {
  public:
    /// `weight`: bytes that the answer to the greeting is made to have at least, so that packets on the way are full.
    /// At most kWeightMost, which leaves room in what a connector takes as a head.
    explicit Look(Channel channel, std::size_t weight = 0);
    static constexpr std::size_t kWeightMost = 12 * 1024;

    /// Suspends until the connector has ended the session, at the latest some seconds after its greeting, or `deadline`
    /// has passed without one.
    net::Task<SessionEnd> run(net::Time deadline);

  private:
    void stream_accepted(std::unique_ptr<h2::Stream> stream) override;
    void peer_draining() override {}
    void expired() override;

    const tls::TlsStream* tls_;  ///< owned by the session, if there is one
    std::size_t weight_;
    h2::Session session_;
    SessionEnd end_;
};

}  // namespace adit::agent
