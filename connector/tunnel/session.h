// The connector's end of one session: TLS and key, greeting, probes of the data path, leaving.
#pragma once

#include <memory>
#include <string>

#include "common/h2/session.h"
#include "common/net/alarm.h"
#include "common/protocol/greeting.h"
#include "common/protocol/transport.h"
#include "connector/tunnel/fleet.h"
#include "connector/tunnel/table.h"

namespace adit::tunnel {

class Pool;

/// An accepted session, on one worker from its handshake to its end. Owned by the coroutine that runs it.
class Session final : private h2::SessionListener {
  public:
    struct Settings {
        std::chrono::milliseconds handshake_timeout{10'000};
        std::chrono::milliseconds probe_interval{1'000};
        std::chrono::milliseconds probe_deadline{1'500};  ///< then it leaves the rotation: within 3 s of a freeze
        std::chrono::milliseconds probe_patience{5'000};  ///< then it is closed
        h2::Limits limits;
    };

    /// Who opened the channel, with the key that proved it.
    struct Origin {
        KeyEntry key;
        protocol::Transport transport = protocol::Transport::tls;
        net::Address address;           ///< where the agent dialled from; over WireGuard, in its network
        std::optional<tls::Spki> spki;  ///< the key itself, over TLS
        unsigned seat = 0;              ///< of the key's row, over WireGuard
    };

    Session(Pool& pool, std::unique_ptr<net::Stream> channel, Origin origin, const Settings& settings);
    ~Session();

    /// Greets, joins the rotation, probes, and returns when the session is over. With a seat in the invitation the
    /// agent is only told to go there.
    net::Task<> run(protocol::Invitation invitation);
    /// Opens a CONNECT stream; null when the session takes none any more. Data may be written before the answer.
    std::unique_ptr<h2::Stream> open(const net::HostPort& target);
    /// Asks the agent to find another connector; running streams go on.
    void drain();
    /// Takes no further requests; those that run have a short grace.
    void retire(std::string_view words);
    /// Tells the agent that it may open a session with our successor.
    void announce_successor();
    void close(std::string_view words);

    const std::shared_ptr<SessionInfo>& info() const { return info_; }
    /// The entry of the session's key in this table; null when it is no longer the key that it came by.
    const KeyEntry* key_in(const Table& table) const;
    std::size_t streams() const { return session_.stream_count(); }

  private:
    void stream_accepted(std::unique_ptr<h2::Stream>) override {}  // agents open no streams
    void peer_draining() override;
    net::Task<> serve(const protocol::Introduction& introduction);
    net::Task<Result<protocol::Introduction>> greet(const protocol::Invitation& invitation);
    net::Task<> read_until_over();
    net::Task<> probe();
    net::Task<bool> probe_once();
    void set_state(SessionInfo::State state);
    /// Whether there is room in the log for one more line about a session of this key.
    bool may_tell() const;

    Pool& pool_;
    Settings settings_;
    Origin origin_;
    std::shared_ptr<SessionInfo> info_;
    h2::Session session_;
    net::Waiter event_;  ///< wakes the prober early when the session ends
    net::Waiter finished_;
    net::Time leave_by_ = net::Time::max();  ///< then a draining session is closed with whatever runs
    bool over_ = false;
    bool joined_ = false;
    net::Status why_;
};

}  // namespace adit::tunnel
