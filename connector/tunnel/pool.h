// A worker's view of all sessions of the connector: which exist, who is least busy, and streams through them.
#pragma once

#include <boost/intrusive/list.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/random.h"
#include "common/net/worker.h"
#include "connector/admin/metrics.h"
#include "connector/tunnel/fleet.h"
#include "connector/tunnel/session.h"
#include "connector/tunnel/switchboard.h"
#include "connector/tunnel/table.h"

namespace adit::tunnel {

/// The agent and session a request shall use.
struct Choice {
    std::shared_ptr<Agent> agent;
    std::shared_ptr<SessionInfo> session;
};

/// One per worker, used on its thread. Changes of the set of sessions reach every pool by posts; a request reads only
/// its own worker's view and atomics.
class Pool {
  public:
    Pool(net::Worker& worker, Fleet& fleet, ConnectorMetrics& metrics, Switchboard& switchboard);
    ~Pool();

    /// All pools of the connector, this one among them; set once before anything runs.
    void join(std::vector<Pool*> all) { all_ = std::move(all); }

    // --- for requests ---

    /// The agent for the next request of a tunnel: of two drawn at random the less busy one (power of two choices,
    /// Mitzenmacher 2001), and of its sessions one of this worker if there is any. Nothing when no session is ready.
    std::optional<Choice> choose(const std::string& tunnel_id);
    /// Suspends until the tunnel has a ready session or `deadline` passes. Waits only when one was here or may come
    /// back within moments: the connector has just started, or the last session has just gone.
    net::Task<bool> await_session(std::string tunnel_id, net::Time deadline);
    /// A stream to `target` through the chosen session, local or of another worker. Null when the session has just
    /// gone.
    std::unique_ptr<net::Stream> open(std::uint64_t session, unsigned worker, const net::HostPort& target);

    // --- for sessions ---

    void register_session(Session& session);
    void unregister_session(Session& session);
    /// Tells all workers about a session or its new state.
    void announce(const std::shared_ptr<SessionInfo>& info);
    void withdraw(const std::shared_ptr<SessionInfo>& info);

    // --- for the operator ---

    /// The table in force. A session whose key is no longer in it ends at once; one whose key has expired retires.
    void use_table(std::shared_ptr<const Table> table);
    const std::shared_ptr<const Table>& table() const { return table_; }
    /// Retires sessions whose keys have expired by now.
    void check_keys();
    /// Asks the agents of this worker's sessions to go to another connector.
    void drain();
    /// Tells the agents of this worker's sessions that they may open others with our successor.
    void announce_successor();
    std::size_t local_sessions() const { return local_.size(); }
    /// Every session of the connector, as this worker knows it.
    std::vector<std::shared_ptr<SessionInfo>> sessions() const;

    net::Loop& loop() { return worker_.loop(); }
    net::Worker& worker() { return worker_; }
    unsigned worker_index() const { return worker_.index(); }
    Fleet& fleet() { return fleet_; }
    ConnectorMetrics& metrics() { return metrics_; }
    Session* local(std::uint64_t id) const;

  private:
    struct AgentSessions {
        std::shared_ptr<Agent> agent;
        std::vector<std::shared_ptr<SessionInfo>> sessions;
    };
    struct Tunnel {
        std::vector<AgentSessions> agents;
        std::optional<net::Time> lost_last_at;
    };
    struct Hope : boost::intrusive::list_base_hook<> {
        explicit Hope(net::Loop& loop) : waiter(loop) {}
        net::Waiter waiter;
    };

    void note(const std::shared_ptr<SessionInfo>& info);
    void forget(const std::shared_ptr<SessionInfo>& info);
    const AgentSessions* less_busy(const Tunnel& tunnel);
    bool hopeful(const std::string& tunnel_id) const;

    net::Worker& worker_;
    Fleet& fleet_;
    ConnectorMetrics& metrics_;
    Switchboard& switchboard_;
    Random random_;
    std::vector<Pool*> all_;
    std::shared_ptr<const Table> table_;
    std::unordered_map<std::string, Tunnel> tunnels_;
    std::unordered_map<std::uint64_t, Session*> local_;
    boost::intrusive::list<Hope> hopes_;
    net::Time started_;
};

}  // namespace adit::tunnel
