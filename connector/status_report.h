// What a running connector says of itself, as JSON for the admin server.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/sandbox/sandbox.h"
#include "connector/generation.h"
#include "connector/overload_watch.h"
#include "connector/status_state.h"
#include "connector/store/record.h"
#include "connector/tunnel/fleet.h"
#include "connector/wireguard_standing.h"

namespace adit {

using Sessions = std::vector<std::shared_ptr<tunnel::SessionInfo>>;

/// {"tunnels":[{"id","name","sessions":[{...}]}]}: all tunnels, with the sessions that are open, those over WireGuard
/// with what the device knows of their agents.
std::string session_table(const std::vector<TunnelRecord>& records, const Sessions& sessions,
                          const WireGuardStandings& standings);

/// Where agents come in.
struct Doors {
    std::string tls;        ///< address; empty: they do not come over TLS
    std::string wireguard;  ///< address; empty: nor over WireGuard
    std::string device;     ///< its kind and why it is that one; empty before it is open
    std::string trouble;    ///< why the device does not work; empty when it does
    WireGuardStandings standings;
};

/// Of the connector as a whole.
struct Standing {
    std::string instance;
    std::size_t workers = 0;
    std::chrono::system_clock::time_point since;
    std::string not_ready;  ///< why; empty when it is ready
    std::vector<ResourceStanding> resources = {};
    cache::Store::Figures cache = {};
    resilience::Reduction::Standing reduction = {};
    StateStandings state = {};
    sandbox::Standing sandbox = {};
    /// Of what is read and written while it runs, and of who tries to get in.
    std::vector<std::string> problems = {};
};

/// The table of sessions with listeners, backends and routes, and what is wrong with them: what `adit-connector status`
/// shows.
std::string status_report(const Standing& standing, const Generation& generation,
                          const std::vector<TunnelRecord>& records, const Sessions& sessions, const Doors& doors,
                          const std::vector<tunnel::Refusal>& refusals);

}  // namespace adit
