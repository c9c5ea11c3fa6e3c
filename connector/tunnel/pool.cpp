// The view of sessions and the choice among them; see pool.h.
#include "connector/tunnel/pool.h"

#include <algorithm>

namespace adit::tunnel {
namespace {

using namespace std::chrono_literals;

/// After a start agents are on their way back; after the loss of the last session its replacement may be.
constexpr std::chrono::milliseconds kHopeAfterStart = 5s;
constexpr std::chrono::milliseconds kHopeAfterLoss = 2s;

bool ready(const SessionInfo& info) {
    return info.state.load(std::memory_order_relaxed) == SessionInfo::State::ready;
}

}  // namespace

Pool::Pool(net::Worker& worker, Fleet& fleet, ConnectorMetrics& metrics, Switchboard& switchboard)
    : worker_(worker),
      fleet_(fleet),
      metrics_(metrics),
      switchboard_(switchboard),
      table_(std::make_shared<Table>(std::vector<TunnelRecord>())),
      started_(net::Clock::now()) {}

Pool::~Pool() = default;

void Pool::register_session(Session& session) {
    local_.emplace(session.info()->id, &session);
}

void Pool::unregister_session(Session& session) {
    local_.erase(session.info()->id);
}

Session* Pool::local(std::uint64_t id) const {
    const auto found = local_.find(id);
    return found == local_.end() ? nullptr : found->second;
}

void Pool::announce(const std::shared_ptr<SessionInfo>& info) {
    for (Pool* pool : all_) {
        if (pool == this) {
            note(info);
        } else {
            pool->worker_.post([pool, info] { pool->note(info); });
        }
    }
}

void Pool::withdraw(const std::shared_ptr<SessionInfo>& info) {
    for (Pool* pool : all_) {
        if (pool == this) {
            forget(info);
        } else {
            pool->worker_.post([pool, info] { pool->forget(info); });
        }
    }
}

void Pool::note(const std::shared_ptr<SessionInfo>& info) {
    auto& agents = tunnels_[info->agent->tunnel_id].agents;
    auto entry = std::ranges::find(agents, info->agent, &AgentSessions::agent);
    if (entry == agents.end()) {
        entry = agents.insert(agents.end(), {info->agent, {}});
    }
    if (std::ranges::find(entry->sessions, info) == entry->sessions.end()) {
        entry->sessions.push_back(info);
    }
    for (Hope& hope : hopes_) {
        hope.waiter.wake();
    }
}

void Pool::forget(const std::shared_ptr<SessionInfo>& info) {
    Tunnel& tunnel = tunnels_[info->agent->tunnel_id];
    const auto entry = std::ranges::find(tunnel.agents, info->agent, &AgentSessions::agent);
    if (entry == tunnel.agents.end()) {
        return;
    }
    std::erase(entry->sessions, info);
    if (entry->sessions.empty()) {
        tunnel.agents.erase(entry);
    }
    if (tunnel.agents.empty()) {
        tunnel.lost_last_at = net::Clock::now();
    }
}

const Pool::AgentSessions* Pool::less_busy(const Tunnel& tunnel) {
    const auto usable = [](const AgentSessions& agent) {
        return std::ranges::any_of(agent.sessions, [](const auto& info) { return ready(*info); });
    };
    const std::size_t count = tunnel.agents.size();
    if (count == 0) {
        return nullptr;
    }
    const auto drawn = [&](std::size_t from) -> const AgentSessions* {
        for (std::size_t i = 0; i < count; ++i) {
            const AgentSessions& agent = tunnel.agents[(from + i) % count];
            if (usable(agent)) {
                return &agent;
            }
        }
        return nullptr;
    };
    const std::size_t first = random_.below(count);
    const AgentSessions* one = drawn(first);
    if (count == 1 || one == nullptr) {
        return one;
    }
    const AgentSessions* other = drawn((first + 1 + random_.below(count - 1)) % count);
    const auto load = [](const AgentSessions* agent) {
        return agent->agent->in_flight.load(std::memory_order_relaxed);
    };
    return load(other) < load(one) ? other : one;
}

std::optional<Choice> Pool::choose(const std::string& tunnel_id) {
    const auto found = tunnels_.find(tunnel_id);
    const AgentSessions* agent = found == tunnels_.end() ? nullptr : less_busy(found->second);
    if (agent == nullptr) {
        return std::nullopt;
    }
    const std::shared_ptr<SessionInfo>* best = nullptr;
    std::size_t best_streams = 0;
    const std::size_t start = random_.below(agent->sessions.size());
    for (std::size_t i = 0; i < agent->sessions.size(); ++i) {
        const auto& info = agent->sessions[(start + i) % agent->sessions.size()];
        if (!ready(*info)) {
            continue;
        }
        const bool here = info->worker == worker_.index();
        const Session* session = here ? local(info->id) : nullptr;
        // Those of other workers cost a wake-up each way, so they come after all of this worker's.
        const std::size_t streams = session != nullptr ? session->streams() : std::size_t{1} << 32;
        if (best == nullptr || streams < best_streams) {
            best = &info;
            best_streams = streams;
        }
    }
    if (best == nullptr) {
        return std::nullopt;
    }
    return Choice{agent->agent, *best};
}

bool Pool::hopeful(const std::string& tunnel_id) const {
    const net::Time now = net::Clock::now();
    if (now < started_ + kHopeAfterStart) {
        return true;
    }
    const auto found = tunnels_.find(tunnel_id);
    if (found == tunnels_.end()) {
        return false;
    }
    return !found->second.agents.empty() ||
           (found->second.lost_last_at && now < *found->second.lost_last_at + kHopeAfterLoss);
}

net::Task<bool> Pool::await_session(std::string tunnel_id, net::Time deadline) {
    Hope hope(loop());
    hopes_.push_back(hope);
    struct Leave {
        boost::intrusive::list<Hope>& list;
        Hope& hope;
        ~Leave() { list.erase(list.iterator_to(hope)); }
    } leave{hopes_, hope};
    net::Alarm alarm(loop(), hope.waiter);
    while (hopeful(tunnel_id) && loop().now() < deadline) {
        if (choose(tunnel_id)) {
            co_return true;
        }
        alarm.set(std::min(deadline, loop().now() + 100ms));
        co_await hope.waiter.wait();
    }
    co_return choose(tunnel_id).has_value();
}

std::unique_ptr<net::Stream> Pool::open(std::uint64_t id, unsigned worker, const net::HostPort& target) {
    if (worker != worker_.index()) {
        return switchboard_.open(*this, worker, id, target);
    }
    Session* session = local(id);
    return session == nullptr ? nullptr : session->open(target);
}

void Pool::use_table(std::shared_ptr<const Table> table) {
    table_ = std::move(table);
    check_keys();
}

void Pool::check_keys() {
    const auto now = std::chrono::system_clock::now();
    for (const auto& [id, session] : local_) {
        const KeyEntry* key = session->key_in(*table_);
        if (key == nullptr) {
            session->close("this key was revoked");
        } else if (!key->valid_at(now)) {
            session->retire("this key has expired");
        }
    }
}

void Pool::announce_successor() {
    for (const auto& [id, session] : local_) {
        session->announce_successor();
    }
}

void Pool::drain() {
    for (const auto& [id, session] : local_) {
        session->drain();
    }
}

std::vector<std::shared_ptr<SessionInfo>> Pool::sessions() const {
    std::vector<std::shared_ptr<SessionInfo>> all;
    for (const auto& [id, tunnel] : tunnels_) {
        for (const AgentSessions& agent : tunnel.agents) {
            all.insert(all.end(), agent.sessions.begin(), agent.sessions.end());
        }
    }
    return all;
}

}  // namespace adit::tunnel
