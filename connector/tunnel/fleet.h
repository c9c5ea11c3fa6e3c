// What the workers of a connector share about agents: who they are and how busy, in atomics.
#pragma once

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/tally.h"
#include "common/log/sparing.h"
#include "common/protocol/transport.h"
#include "connector/tunnel/refusals.h"
#include "connector/tunnel/seats.h"

namespace adit::tunnel {

/// One agent process of a tunnel, over all of its sessions and all workers.
struct Agent {
    std::string tunnel_id;
    std::string tunnel_name;
    std::string id;
    std::string version;
    std::string host;
    std::atomic<int> in_flight{0};  ///< requests on their way through this agent, until their last byte
};

/// Counts a request against an agent as long as it lives; it rides with the body.
class Flight {
  public:
    explicit Flight(std::shared_ptr<Agent> agent) : agent_(std::move(agent)) {
        if (agent_) {
            agent_->in_flight.fetch_add(1, std::memory_order_relaxed);
        }
    }
    Flight(Flight&&) = default;
    Flight& operator=(Flight&& other) noexcept {
        std::swap(agent_, other.agent_);
        return *this;
    }
    ~Flight() {
        if (agent_) {
            agent_->in_flight.fetch_sub(1, std::memory_order_relaxed);
        }
    }
    const std::shared_ptr<Agent>& agent() const { return agent_; }

  private:
    std::shared_ptr<Agent> agent_;
};

/// What is known of a session beyond its worker. Written by its worker, read by all.
struct SessionInfo {
    enum class State { ready, suspect, draining };

    std::uint64_t id = 0;
    unsigned worker = 0;
    std::string key_id;
    protocol::Transport transport = protocol::Transport::tls;
    std::string address;                            ///< where the agent dialled from; over WireGuard, in its network
    std::optional<boost::asio::ip::address> inner;  ///< that, over WireGuard: by this the device knows the agent
    unsigned seat = 0;                              ///< of the key's row, over WireGuard
    std::shared_ptr<Agent> agent;
    std::chrono::system_clock::time_point since;
    std::atomic<State> state{State::ready};
    std::atomic<std::uint32_t> streams{0};
    std::atomic<std::int64_t> round_trip_us{0};
};

/// Hands out the one Agent object per agent process. Touched when sessions open, never by requests.
class Fleet {
  public:
    /// The agent of that id in that tunnel; made when its first session opens, gone with its last.
    std::shared_ptr<Agent> agent(const std::string& tunnel_id, const std::string& tunnel_name, const std::string& id,
                                 const std::string& version, const std::string& host);
    std::uint64_t next_session_id() { return next_id_.fetch_add(1); }
    Refusals& refusals() { return refusals_; }
    Seats& seats() { return seats_; }
    /// For lines about those who are refused.
    logging::Sparing& sparing() { return sparing_; }
    /// For lines about what sessions do, a kind for each key: who has a token opens and closes as many as he likes.
    logging::Sparing& session_lines() { return session_lines_; }
    /// Of sessions, by tunnel and key.
    Tally<std::pair<std::string, std::string>>& sessions_of_keys() { return sessions_of_keys_; }

    /// Of one key: all of its sessions (defaults::sessions_per_key) may leave one connector, or come back, at once.
    static constexpr std::uint64_t kSessionLinesAtOnce = 512;

  private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::weak_ptr<Agent>> agents_;
    std::atomic<std::uint64_t> next_id_{1};
    Refusals refusals_;
    Seats seats_;
    logging::Sparing sparing_;
    logging::Sparing session_lines_{kSessionLinesAtOnce};
    Tally<std::pair<std::string, std::string>> sessions_of_keys_;
};

}  // namespace adit::tunnel
