// Tunnels as tables and JSON; see tunnel_output.h.
#include "connector/cli/tunnel_output.h"

#include <algorithm>
#include <iostream>

#include "common/base/printable.h"
#include "common/net/network.h"

namespace adit::cli {

namespace json = boost::json;
namespace {

/// The row of a key, "10.77.0.8-10.77.0.15"; "-" for a key without one.
std::string row_text(const KeyRecord& key) {
    if (!key.wireguard) {
        return "-";
    }
    const auto& [public_keys, first] = *key.wireguard;
    return first.to_string() + "-" + net::address_after(first, public_keys.size() - 1).to_string();
}

bool has_row(const KeyRecord& key) {
    return key.wireguard.has_value();
}

std::string rows_text(const TunnelRecord& record) {
    std::string text;
    for (const KeyRecord& key : record.keys) {
        if (has_row(key)) {
            text += (text.empty() ? "" : " ") + row_text(key);
        }
    }
    return text.empty() ? "-" : text;
}

}  // namespace

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

void print_table(std::vector<std::vector<std::string>> rows) {
    for (auto& row : rows) {
        std::ranges::transform(row, row.begin(), printable);  // a cell is one line, whatever agents call themselves
    }
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
    const bool rows = std::ranges::any_of(record.keys, has_row);
    if (rows) {
        keys.front().insert(keys.front().begin() + 2, "WIREGUARD");
    }
    for (const KeyRecord& key : record.keys) {
        keys.push_back({key.id, key_state(key), format_time(key.created), key.spki.text()});
        if (rows) {
            keys.back().insert(keys.back().begin() + 2, row_text(key));
        }
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

void print(const std::vector<TunnelRecord>& records) {
    const bool rows = std::ranges::any_of(
        records, [](const TunnelRecord& record) { return std::ranges::any_of(record.keys, has_row); });
    std::vector<std::vector<std::string>> lines{{"NAME", "ID", "KEYS", "SERVICES", "CREATED"}};
    if (rows) {
        lines.front().emplace_back("WIREGUARD");
    }
    for (const TunnelRecord& record : records) {
        lines.push_back({record.name, record.id, std::to_string(record.keys.size()),
                         std::to_string(record.services.size()), format_time(record.created)});
        if (rows) {
            lines.back().push_back(rows_text(record));
        }
    }
    print_table(lines);
}

}  // namespace adit::cli
