// Sessions as JSON; see session_table.h.
#include "connector/session_table.h"

#include <array>
#include <boost/json.hpp>
#include <map>

#include "common/base/time.h"

namespace adit {

std::string session_table(const std::vector<TunnelRecord>& records,
                          const std::vector<std::shared_ptr<tunnel::SessionInfo>>& sessions) {
    namespace json = boost::json;
    static constexpr std::array states{"ready", "suspect", "draining"};
    std::map<std::string, json::object> tunnels;
    for (const TunnelRecord& record : records) {
        tunnels[record.id] = json::object{{"id", record.id}, {"name", record.name}, {"sessions", json::array()}};
    }
    for (const auto& info : sessions) {
        json::object& tunnel = tunnels[info->agent->tunnel_id];
        if (tunnel.empty()) {
            continue;  // deleted a moment ago
        }
        tunnel["sessions"].as_array().push_back(
            json::object{{"id", info->id},
                         {"agent", info->agent->id},
                         {"agent_version", info->agent->version},
                         {"host", info->agent->host},
                         {"address", info->address},
                         {"key", info->key_id},
                         {"worker", info->worker},
                         {"streams", info->streams.load()},
                         {"in_flight", info->agent->in_flight.load()},
                         {"round_trip_ms", static_cast<double>(info->round_trip_us.load()) / 1000.0},
                         {"state", states[static_cast<std::size_t>(info->state.load())]},
                         {"since", format_time(info->since)}});
    }
    json::array list;
    for (auto& [id, tunnel] : tunnels) {
        list.push_back(std::move(tunnel));
    }
    return json::serialize(json::object{{"tunnels", std::move(list)}}) + "\n";
}

}  // namespace adit
