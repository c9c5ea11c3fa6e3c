// JSON of sessions and of all that is served; see status_report.h.
#include "connector/status_report.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <map>

#include "common/base/time.h"
#include "connector/circuit_table.h"
#include "connector/config/check.h"
#include "connector/degrading_desk.h"
#include "connector/status_endpoints.h"
#include "connector/status_limits.h"
#include "connector/status_problems.h"
#include "connector/status_retries.h"
#include "connector/status_state.h"
#include "connector/tls_notices.h"

namespace adit {
namespace {

namespace json = boost::json;

/// What the device knows of the agent at the other end; nothing until it has looked.
void add_standing(json::object& session, const tunnel::SessionInfo& info, const WireGuardStandings& standings,
                  WallTime now) {
    session["seat"] = info.seat;
    const auto found = standings.find(*info.inner);
    if (found == standings.end()) {
        return;
    }
    const auto& [tunnel, key_id, seat, peer, roams, heard, alone_since] = found->second;
    if (peer.endpoint) {
        session["endpoint"] = peer.endpoint->text();
    }
    if (peer.handshake) {
        session["handshake_age_s"] = std::chrono::duration_cast<std::chrono::seconds>(now - *peer.handshake).count();
    }
    session["received_bytes"] = peer.received;
    session["sent_bytes"] = peer.sent;
    session["roams"] = roams;
}

json::object session_of(const tunnel::SessionInfo& info, const WireGuardStandings& standings, WallTime now) {
    static constexpr std::array states{"ready", "suspect", "draining"};
    json::object session{{"id", info.id},
                         {"agent", info.agent->id},
                         {"agent_version", info.agent->version},
                         {"host", info.agent->host},
                         {"transport", protocol::name(info.transport)},
                         {"address", info.address},
                         {"key", info.key_id},
                         {"worker", info.worker},
                         {"streams", info.streams.load()},
                         {"in_flight", info.agent->in_flight.load()},
                         {"round_trip_ms", static_cast<double>(info.round_trip_us.load()) / 1000.0},
                         {"state", states[static_cast<std::size_t>(info.state.load())]},
                         {"since", format_time(info.since)}};
    if (info.inner) {
        add_standing(session, info, standings, now);
    }
    return session;
}

json::array tunnels_of(const std::vector<TunnelRecord>& records, const Sessions& sessions,
                       const WireGuardStandings& standings, WallTime now) {
    std::map<std::string, json::object> tunnels;
    for (const TunnelRecord& record : records) {
        tunnels[record.id] = json::object{{"id", record.id}, {"name", record.name}, {"sessions", json::array()}};
    }
    for (const auto& info : sessions) {
        const auto tunnel = tunnels.find(info->agent->tunnel_id);
        if (tunnel == tunnels.end()) {
            continue;  // deleted a moment ago
        }
        tunnel->second["sessions"].as_array().push_back(session_of(*info, standings, now));
    }
    json::array list;
    for (auto& [id, tunnel] : tunnels) {
        list.push_back(std::move(tunnel));
    }
    return list;
}

json::array doors_of(const Doors& doors, const Sessions& sessions) {
    const auto came_by = [&](protocol::Transport transport) {
        return std::ranges::count(sessions, transport, [](const auto& info) { return info->transport; });
    };
    json::array list;
    if (!doors.tls.empty()) {
        list.push_back(json::object{
            {"transport", "tls"}, {"address", doors.tls}, {"sessions", came_by(protocol::Transport::tls)}});
    }
    if (!doors.wireguard.empty()) {
        list.push_back(json::object{{"transport", "wireguard"},
                                    {"address", doors.wireguard},
                                    {"sessions", came_by(protocol::Transport::wireguard)},
                                    {"device", doors.device}});
    }
    return list;
}

json::array certificates_of(const MarkedContext& tls, WallTime now) {
    json::array list;
    for (const tls::CertificateFacts& one : tls.context->certificates()) {
        list.push_back(json::object{{"subject", one.subject},
                                    {"not_before", format_time(one.not_before)},
                                    {"not_after", format_time(one.not_after)},
                                    {"state", certificate_state(one, now)}});
    }
    return list;
}

json::array listeners_of(const Generation& generation, WallTime now) {
    json::array list;
    for (std::size_t i = 0; i < generation.configuration.listeners.size(); ++i) {
        const config::Listener& listener = generation.configuration.listeners[i];
        json::object told{{"name", listener.name},
                          {"address", listener.address.text()},
                          {"tls", listener.tls.has_value()},
                          {"connections", generation.listener_metrics[i]->open.load()}};
        if (listener.tls) {
            told["certificates"] = certificates_of(generation.listener_tls[i], now);
        }
        list.push_back(std::move(told));
    }
    return list;
}

/// What is known of each, never the credential itself.
json::array credentials_of(const backend::Credentials& credentials) {
    json::array list;
    for (const auto& credential : credentials) {
        const backend::CredentialStanding standing = credential->standing();
        json::object told{{"kind", standing.kind}, {"ready", standing.has_value}};
        if (standing.expires) {
            told["expires"] = format_time(*standing.expires);
        }
        if (standing.fetches > 0) {
            told["fetches"] = standing.fetches;
            told["failures"] = standing.failures;
        }
        if (!standing.trouble.empty()) {
            told["trouble"] = standing.trouble;
        }
        list.push_back(std::move(told));
    }
    return list;
}

json::array backends_of(const Generation& generation, WallTime now) {
    json::array list;
    for (std::size_t i = 0; i < generation.configuration.backends.size(); ++i) {
        const config::Backend& backend = generation.configuration.backends[i];
        json::array endpoints;
        for (const config::Endpoint& endpoint : backend.endpoints) {
            endpoints.emplace_back(endpoint.text());
        }
        const BackendMetrics& metrics = *generation.backend_metrics[i];
        json::object told{{"name", backend.name},
                          {"endpoints", std::move(endpoints)},
                          {"active", static_cast<std::int64_t>(metrics.active.Value())},
                          {"idle", static_cast<std::int64_t>(metrics.idle.Value())}};
        if (const auto& roster = generation.guards[i]->roster; roster && !backend.endpoints.empty()) {
            told["vitals"] = endpoint_rows(*roster, resilience::Clock::now(), now);
        }
        if (const auto& credentials = generation.credentials[i].all; !credentials.empty()) {
            told["credentials"] = credentials_of(credentials);
        }
        list.push_back(std::move(told));
    }
    return list;
}

/// The backend, or those of a split with their weights: "old 90, new 10".
std::string backends_text(const config::RouteRule& route) {
    std::string text = route.backend;
    for (const config::SplitShare& share : route.split) {
        text.append(text.empty() ? "" : ", ").append(share.backend).append(" ").append(std::to_string(share.weight));
    }
    return text;
}

json::array routes_of(const Generation& generation) {
    json::array list;
    for (const config::RouteRule& route : generation.configuration.routes) {
        list.push_back(json::object{{"name", route.name},
                                    {"host", route.match.host.empty() ? "*" : route.match.host},
                                    {"path", route.match.path},
                                    {"backend", backends_text(route)}});
    }
    return list;
}

json::array problems_of(const Generation& generation, const std::vector<TunnelRecord>& records,
                        const Sessions& sessions, const Doors& doors, const std::vector<tunnel::Refusal>& refusals,
                        WallTime now) {
    json::array problems;
    const auto note = [&problems](const std::optional<std::string>& problem) {
        if (problem) {
            problems.emplace_back(*problem);
        }
    };
    for (std::size_t i = 0; i < generation.configuration.listeners.size(); ++i) {
        if (!generation.listener_tls[i].context) {
            continue;
        }
        for (const tls::CertificateFacts& certificate : generation.listener_tls[i].context->certificates()) {
            note(certificate_problem(generation.configuration.listeners[i].name, certificate, now));
        }
    }
    for (std::string& notice : tls_notices(generation, now)) {
        problems.emplace_back(std::move(notice));
    }
    if (!doors.trouble.empty()) {
        problems.emplace_back("agents cannot come over WireGuard: " + doors.trouble);
    }
    for (const TunnelRecord& record : records) {
        if (std::ranges::none_of(sessions, [&](const auto& info) { return info->agent->tunnel_id == record.id; })) {
            const bool heard = std::ranges::any_of(
                doors.standings, [&](const auto& entry) { return entry.second.tunnel == record.name; });
            note(lonely_tunnel_problem(record, heard ? std::string() : doors.wireguard, now));
        }
    }
    std::ranges::for_each(doors.standings, [&](const auto& entry) { note(idle_seat_problem(entry.second)); });
    std::ranges::for_each(refusals, [&](const tunnel::Refusal& refusal) { note(refusal_problem(refusal)); });
    for (std::size_t i = 0; i < generation.configuration.backends.size(); ++i) {
        const config::Backend& backend = generation.configuration.backends[i];
        for (const auto& credential : generation.credentials[i].all) {
            note(credential_problem(backend.name, credential->standing()));
        }
        for (std::size_t j = 0; j < backend.endpoints.size(); ++j) {
            note(endpoint_problem(backend, backend.endpoints[j], generation.reaches[i][j]->failed_at(), now));
        }
    }
    for (std::string& problem : circuit_problems(generation.circuits, now)) {
        problems.emplace_back(std::move(problem));
    }
    return problems;
}

/// What load shedding decides by.
json::array resources_of(const Standing& standing) {
    json::array list;
    for (const ResourceStanding& one : standing.resources) {
        list.push_back(
            json::object{{"resource", one.resource}, {"used", one.words}, {"share", one.share}, {"shed", one.level}});
    }
    return list;
}

json::array sandbox_of(const sandbox::Standing& standing) {
    json::array list;
    for (const sandbox::Measure& one : standing.measures) {
        list.push_back(json::object{{"measure", one.name}, {"active", one.active}, {"detail", one.detail}});
    }
    return list;
}

}  // namespace

std::string session_table(const std::vector<TunnelRecord>& records, const Sessions& sessions,
                          const WireGuardStandings& standings) {
    return json::serialize(
               json::object{{"tunnels", tunnels_of(records, sessions, standings, std::chrono::system_clock::now())}}) +
           "\n";
}

std::string status_report(const Standing& standing, const Generation& generation,
                          const std::vector<TunnelRecord>& records, const Sessions& sessions, const Doors& doors,
                          const std::vector<tunnel::Refusal>& refusals) {
    const WallTime now = std::chrono::system_clock::now();
    json::object report{{"instance", standing.instance},
                        {"version", ADIT_VERSION},
                        {"workers", standing.workers},
                        {"since", format_time(standing.since)},
                        {"ready", standing.not_ready.empty()}};
    if (!standing.not_ready.empty()) {
        report["reason"] = standing.not_ready;
    }
    const auto notices = config::notices(generation.configuration);
    report["notices"] = json::array(notices.begin(), notices.end());
    json::array problems(standing.problems.begin(), standing.problems.end());
    for (const json::value& problem : problems_of(generation, records, sessions, doors, refusals, now)) {
        problems.push_back(problem);
    }
    for (const ResourceStanding& one : standing.resources) {
        if (const auto problem = shedding_problem(one)) {
            problems.emplace_back(*problem);
        }
    }
    if (standing.reduction.reduced) {
        problems.emplace_back("functionality is reduced: " + standing.reduction.why);
    }
    if (const auto problem = state_problem(standing.state)) {
        problems.emplace_back(*problem);
    }
    report["problems"] = std::move(problems);
    report["resources"] = resources_of(standing);
    report["sandbox"] = sandbox_of(standing.sandbox);
    report["listeners"] = listeners_of(generation, now);
    report["doors"] = doors_of(doors, sessions);
    report["tunnels"] = tunnels_of(records, sessions, doors.standings, now);
    report["backends"] = backends_of(generation, now);
    report["cache"] = cache_standing(standing.cache, generation.configuration.cache);
    report["degrade"] = reduction_standing(standing.reduction, now);
    report["state"] = state_rows(standing.state);
    report["circuits"] = circuit_rows(generation.circuits, now);
    report["retries"] = retries_of(generation);
    report["bulkheads"] = bulkheads_of(generation.limits);
    report["rate_limits"] = rate_limits_of(generation.limits, resilience::Clock::now());
    report["routes"] = routes_of(generation);
    return json::serialize(report) + "\n";
}

}  // namespace adit
