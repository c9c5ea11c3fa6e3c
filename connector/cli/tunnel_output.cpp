// Tunnels as tables and JSON; see tunnel_output.h.
#include "connector/cli/tunnel_output.h"

#include <algorithm>
#include <iostream>

namespace adit::cli {

namespace json = boost::json;

std::string key_state(const KeyRecord& key) {
    if (!key.expires) {
        return "active";
    }
    const auto left = *key.expires - std::chrono::system_clock::now();
    if (left.count() <= 0) {
        return "expired";
    }
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(left).count();
    return "expires in " + (minutes >= 2880  ? std::to_string(minutes / 1440) + "d"
                            : minutes >= 120 ? std::to_string(minutes / 60) + "h"
                                             : std::to_string(minutes) + "m");
}

json::object to_json(const TunnelRecord& record) {
    json::object object = json::parse(format_tunnel(record)).as_object();
    json::array& keys = object["keys"].as_array();
    for (std::size_t i = 0; i < keys.size(); ++i) {
        keys[i].as_object()["state"] = key_state(record.keys[i]);
    }
    return object;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size()) {
                line.append(widths[i] - row[i].size() + 2, ' ');
            }
        }
        std::cout << line << '\n';
    }
}

void print(const TunnelRecord& record) {
    std::cout << "tunnel   " << record.name << '\n'
              << "id       " << record.id << '\n'
              << "created  " << format_time(record.created) << "\n\n";
    std::vector<std::vector<std::string>> keys{{"KEY", "STATE", "CREATED", "FINGERPRINT"}};
    for (const KeyRecord& key : record.keys) {
        keys.push_back({key.id, key_state(key), format_time(key.created), key.spki.text()});
    }
    print_table(keys);
    std::cout << '\n';
    std::vector<std::vector<std::string>> services{{"SERVICE", "ENDPOINT", "ACCESS"}};
    for (const ServiceRecord& service : record.services) {
        std::string access;
        for (const AccessRecord& rule : service.configurations) {
            access += (access.empty() ? "" : "; ") + rule.project + ":";
            for (const std::string& environment : rule.accessible_by) {
                access += " " + environment;
            }
        }
        services.push_back({service.name, service.endpoint, access});
    }
    print_table(services);
}

}  // namespace adit::cli
