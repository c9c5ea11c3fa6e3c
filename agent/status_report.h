// What a running agent says of itself, as JSON for its status server. Nothing in it is a secret.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/protocol/transport.h"
#include "common/sandbox/sandbox.h"

namespace adit::agent {

/// One session with the connector.
struct SessionStanding {
    enum class State { greeting, ready, draining };

    std::string connector;  ///< the address that was dialled
    protocol::Transport transport = protocol::Transport::tls;
    State state = State::greeting;
    std::size_t streams = 0;
    std::chrono::nanoseconds age{};  ///< since its handshake was finished
};

/// The agent as a whole.
struct AgentStanding {
    std::string agent;      ///< its id of this run
    std::string not_ready;  ///< why; empty when it is ready
    std::vector<SessionStanding> sessions = {};
    sandbox::Standing sandbox = {};
};

/// {"agent","version","ready","reason","sessions":[...],"sandbox":[...]}; `reason` only where it is not ready.
std::string status_report(const AgentStanding& standing, WallTime now);

}  // namespace adit::agent
