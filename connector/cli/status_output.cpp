// Tables of a running connector; see status_output.h.
#include "connector/cli/status_output.h"

#include <boost/json.hpp>
#include <iomanip>
#include <iostream>
#include <set>
#include <sstream>

#include "common/base/printable.h"
#include "connector/cli/tunnel_output.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

/// A member as text; empty when it is missing, since the connector may be of another version.
std::string text(const json::object& of, std::string_view name) {
    const json::value* value = of.if_contains(name);
    if (value == nullptr || value->is_null()) {
        return {};
    }
    if (value->is_string()) {
        return std::string(value->as_string());
    }
    if (value->is_double()) {
        std::ostringstream fixed;  // JSON would have an exponent
        fixed << std::fixed << std::setprecision(1) << value->as_double();
        return std::move(fixed).str();
    }
    return json::serialize(*value);
}

const json::array& list(const json::object& of, std::string_view name) {
    static const json::array none;
    const json::value* value = of.if_contains(name);
    return value != nullptr && value->is_array() ? value->as_array() : none;
}

/// The end of a listener's certificates that comes first, with its state unless that is good.
std::string certificate(const json::object& listener) {
    std::string soonest;
    std::string state;
    for (const json::value& one : list(listener, "certificates")) {
        const std::string end = text(one.as_object(), "not_after");
        if (soonest.empty() || end < soonest) {  // times of this form sort as text
            soonest = end;
            state = text(one.as_object(), "state");
        }
    }
    return soonest.empty() ? "-" : state == "valid" ? "until " + soonest : state + ": " + soonest;
}

using Rows = std::vector<std::vector<std::string>>;

void print_section(const Rows& rows) {
    if (rows.size() > 1) {
        std::cout << '\n';
        print_table(rows);
    }
}

/// The seats in the WireGuard network that have sessions, each once.
Rows seats(const json::object& status) {
    Rows rows{{"TUNNEL", "SEAT", "AGENT", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT", "ROAMS"}};
    std::set<std::pair<std::string, std::string>> seen;
    for (const json::value& one : list(status, "tunnels")) {
        for (const json::value& each : list(one.as_object(), "sessions")) {
            const json::object& session = each.as_object();
            if (text(session, "seat").empty() || !seen.emplace(text(session, "key"), text(session, "seat")).second) {
                continue;
            }
            const std::string age = text(session, "handshake_age_s");
            rows.push_back({text(one.as_object(), "name"), text(session, "seat"), text(session, "agent"),
                            text(session, "endpoint"), age.empty() ? "" : age + " s ago",
                            text(session, "received_bytes"), text(session, "sent_bytes"), text(session, "roams")});
        }
    }
    return rows;
}

/// Requests in progress and those that wait; of a policy, of all its callers.
Rows bulkheads(const json::object& status) {
    Rows rows{{"BULKHEAD", "IN PROGRESS", "LIMIT", "WAITING", "FULL", "TIMED OUT"}};
    for (const json::value& one : list(status, "bulkheads")) {
        const json::object& row = one.as_object();
        const std::string callers = text(row, "callers");
        rows.push_back(
            {text(row, "name"), text(row, "in_progress") + (callers.empty() ? "" : " of " + callers + " callers"),
             text(row, "limit") + (callers.empty() ? "" : " each") + (text(row, "adaptive") == "true" ? " now" : ""),
             text(row, "waiting") + " of " + text(row, "queue"), text(row, "rejected_full"),
             text(row, "rejected_timeout")});
    }
    return rows;
}

Rows retries(const json::object& status) {
    Rows rows{{"RETRIES", "ATTEMPTS", "REQUESTS", "RETRIES NOW", "TOKENS", "HEDGED"}};
    for (const json::value& one : list(status, "retries")) {
        const json::object& row = one.as_object();
        const std::string most = text(row, "retries_most");
        rows.push_back({text(row, "name"), text(row, "attempts"), text(row, "requests"),
                        text(row, "retries") + (most.empty() ? "" : " of " + most), text(row, "tokens"),
                        text(row, "hedged") == "true" ? "yes" : "no"});
    }
    return rows;
}

Rows rate_limits(const json::object& status) {
    Rows rows{{"RATE LIMIT", "ALLOWED", "REFUSED IN 5 MIN", "BANS", "SHARE", "MODE"}};
    for (const json::value& one : list(status, "rate_limits")) {
        const json::object& row = one.as_object();
        rows.push_back({text(row, "policy"), text(row, "allowed"), text(row, "refused_lately"), text(row, "bans"),
                        text(row, "share"), text(row, "dry_run") == "true" ? "dry run" : "enforced"});
    }
    return rows;
}

/// Of backends with more than one endpoint, and of those that are not well.
Rows endpoints(const json::object& status) {
    Rows rows{{"BACKEND", "ENDPOINT", "STATE", "PRIORITY", "ZONE", "WEIGHT", "IN FLIGHT", "LATENCY MS"}};
    for (const json::value& one : list(status, "backends")) {
        const json::array& vitals = list(one.as_object(), "vitals");
        for (const json::value& each : vitals) {
            const json::object& row = each.as_object();
            std::string state = text(row, "state");
            if (const std::string until = text(row, "ejected_until"); !until.empty()) {
                state += " until " + until;
            } else if (vitals.size() == 1 && state == "well" && text(row, "checked").empty()) {
                continue;
            }
            rows.push_back({text(one.as_object(), "name"), text(row, "endpoint"), state, text(row, "priority"),
                            text(row, "zone").empty() ? "-" : text(row, "zone"), text(row, "weight"),
                            text(row, "in_flight"), text(row, "latency_ms")});
        }
    }
    return rows;
}

Rows credentials(const json::object& status) {
    Rows rows{{"BACKEND", "CREDENTIAL", "STATE", "EXPIRES", "FETCHES", "FAILED"}};
    for (const json::value& one : list(status, "backends")) {
        for (const json::value& each : list(one.as_object(), "credentials")) {
            const json::object& credential = each.as_object();
            const bool troubled = !text(credential, "trouble").empty();
            const char* state = text(credential, "ready") == "true" ? (troubled ? "not refreshed" : "ready")
                                : troubled                          ? "missing"
                                                                    : "not wanted yet";
            rows.push_back({text(one.as_object(), "name"), text(credential, "kind"), state, text(credential, "expires"),
                            text(credential, "fetches"), text(credential, "failures")});
        }
    }
    return rows;
}

/// How each worker reaches what connectors share.
Rows state(const json::object& status) {
    Rows rows{{"STATE", "ANSWERS", "SINCE", "MASTER", "LAG US", "LAST TROUBLE"}};
    for (const json::value& one : list(status, "state")) {
        const json::object& row = one.as_object();
        rows.push_back({"worker " + text(row, "worker"), text(row, "answers"), text(row, "since"), text(row, "master"),
                        text(row, "lag_us"), text(row, "trouble")});
    }
    return rows;
}

Rows circuits(const json::object& status) {
    Rows rows{{"CIRCUIT", "STATE", "SINCE", "CALLS", "FAILED", "SLOW", "REFUSED", "NEXT TRY", "WHY"}};
    for (const json::value& one : list(status, "circuits")) {
        const json::object& circuit = one.as_object();
        rows.push_back({text(circuit, "name"), text(circuit, "state"), text(circuit, "since"), text(circuit, "calls"),
                        text(circuit, "failures"), text(circuit, "slow"), text(circuit, "refused"),
                        text(circuit, "next_try"), text(circuit, "why")});
    }
    return rows;
}

/// Only what is not as usual: a cache that keeps something, functionality that is reduced.
Rows degrading(const json::object& status) {
    Rows rows{{"DEGRADING", "STATE", "DETAIL"}};
    const json::value* cache = status.if_contains("cache");
    if (cache != nullptr && cache->is_object() && text(cache->as_object(), "entries") != "0") {
        const json::object& of = cache->as_object();
        rows.push_back(
            {"cache", text(of, "entries") + " of " + text(of, "entries_most") + " answers",
             text(of, "bytes") + " of " + text(of, "bytes_most") + " bytes, " + text(of, "evicted") + " evicted"});
    }
    const json::value* degrade = status.if_contains("degrade");
    if (degrade != nullptr && degrade->is_object()) {
        const json::object& of = degrade->as_object();
        if (text(of, "reduced") == "true" || text(of, "switch") != "auto") {
            rows.push_back({"functionality", text(of, "reduced") == "true" ? "reduced" : "full",
                            text(of, "why").empty() ? "switched " + text(of, "switch") : text(of, "why")});
        }
    }
    return rows;
}

}  // namespace

void print_circuits(const json::object& of) {
    const Rows rows = circuits(of);
    if (rows.size() == 1) {
        std::cout << "no backend and no route has a circuit\n";
    } else {
        print_table(rows);
    }
}

std::vector<std::string> circuit_names(const json::object& of) {
    std::vector<std::string> names;
    for (const json::value& one : list(of, "circuits")) {
        names.push_back(text(one.as_object(), "name"));
    }
    return names;
}

void print_status(const json::object& status) {
    std::cout << text(status, "instance") << ' ' << text(status, "version") << ": "
              << (text(status, "ready") == "true" ? "ready" : "not ready, " + text(status, "reason")) << ", "
              << text(status, "workers") << " workers, since " << text(status, "since") << '\n';
    for (const json::value& problem : list(status, "problems")) {
        std::cout << "  ! " << printable(problem.as_string()) << '\n';
    }
    for (const json::value& notice : list(status, "notices")) {
        std::cout << "  note: " << printable(notice.as_string()) << '\n';
    }

    Rows resources{{"RESOURCE", "USED", "SHED"}};
    for (const json::value& one : list(status, "resources")) {
        const json::object& resource = one.as_object();
        const std::string shed = text(resource, "shed");
        resources.push_back({text(resource, "resource"), text(resource, "used"),
                             shed == "none" || shed == "all" ? shed : "up to " + shed});
    }
    print_section(resources);

    Rows walls{{"SANDBOX", "ACTIVE", "DETAIL"}};
    for (const json::value& one : list(status, "sandbox")) {
        const json::object& measure = one.as_object();
        walls.push_back(
            {text(measure, "measure"), text(measure, "active") == "true" ? "yes" : "no", text(measure, "detail")});
    }
    print_section(walls);

    Rows listeners{{"LISTENER", "ADDRESS", "TLS", "CERTIFICATE", "CONNECTIONS"}};
    for (const json::value& one : list(status, "listeners")) {
        const json::object& listener = one.as_object();
        listeners.push_back({text(listener, "name"), text(listener, "address"), text(listener, "tls"),
                             certificate(listener), text(listener, "connections")});
    }
    print_section(listeners);

    Rows doors{{"DOOR", "ADDRESS", "DEVICE", "SESSIONS"}};
    for (const json::value& one : list(status, "doors")) {
        const json::object& door = one.as_object();
        const std::string device = text(door, "device");
        doors.push_back(
            {text(door, "transport"), text(door, "address"), device.empty() ? "-" : device, text(door, "sessions")});
    }
    print_section(doors);

    Rows sessions{{"TUNNEL", "AGENT", "HOST", "VERSION", "TRANSPORT", "ADDRESS", "STATE", "STREAMS", "IN FLIGHT",
                   "RTT MS", "SINCE"}};
    for (const json::value& one : list(status, "tunnels")) {
        const json::object& tunnel = one.as_object();
        for (const json::value& each : list(tunnel, "sessions")) {
            const json::object& session = each.as_object();
            sessions.push_back({text(tunnel, "name"), text(session, "agent"), text(session, "host"),
                                text(session, "agent_version"), text(session, "transport"), text(session, "address"),
                                text(session, "state"), text(session, "streams"), text(session, "in_flight"),
                                text(session, "round_trip_ms"), text(session, "since")});
        }
        if (list(tunnel, "sessions").empty()) {
            sessions.push_back({text(tunnel, "name"), "no session", "", "", "", "", "", "", "", "", ""});
        }
    }
    print_section(sessions);
    print_section(seats(status));

    Rows backends{{"BACKEND", "ENDPOINTS", "ACTIVE", "IDLE"}};
    for (const json::value& one : list(status, "backends")) {
        const json::object& backend = one.as_object();
        std::string endpoints;
        for (const json::value& endpoint : list(backend, "endpoints")) {
            endpoints += (endpoints.empty() ? "" : " ") + std::string(endpoint.as_string());
        }
        backends.push_back({text(backend, "name"), endpoints, text(backend, "active"), text(backend, "idle")});
    }
    print_section(backends);
    print_section(endpoints(status));
    print_section(credentials(status));
    print_section(state(status));
    print_section(circuits(status));
    print_section(degrading(status));

    print_section(retries(status));
    print_section(bulkheads(status));
    print_section(rate_limits(status));

    Rows routes{{"ROUTE", "HOST", "PATH", "BACKEND"}};
    for (const json::value& one : list(status, "routes")) {
        const json::object& route = one.as_object();
        routes.push_back({text(route, "name"), text(route, "host"), text(route, "path"), text(route, "backend")});
    }
    print_section(routes);
}

}  // namespace adit::cli
