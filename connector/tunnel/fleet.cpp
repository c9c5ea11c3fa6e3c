// The agents of all tunnels; see fleet.h.
#include "connector/tunnel/fleet.h"

namespace adit::tunnel {

std::shared_ptr<Agent> Fleet::agent(const std::string& tunnel_id, const std::string& tunnel_name, const std::string& id,
                                    const std::string& version, const std::string& host) {
    const std::lock_guard lock(mutex_);
    std::erase_if(agents_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<Agent>& known = agents_[tunnel_id + "/" + id];
    std::shared_ptr<Agent> agent = known.lock();
    if (!agent) {
        agent = std::make_shared<Agent>();
        agent->tunnel_id = tunnel_id;
        agent->tunnel_name = tunnel_name;
        agent->id = id;
        agent->version = version;
        agent->host = host;
        known = agent;
    }
    return agent;
}

}  // namespace adit::tunnel
