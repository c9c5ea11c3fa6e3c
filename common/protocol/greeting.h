// What connector and agent say to each other inside a session: paths, fields and the greeting's JSON.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/h2/stream.h"

namespace adit::protocol {

/// First stream of a session, from the connector.
inline constexpr std::string_view kGreetingPath = "/.well-known/adit/session";
/// A stream of no content whose answer proves that the whole data path of the session works.
inline constexpr std::string_view kProbePath = "/.well-known/adit/probe";
/// Tells an agent that another connector has begun to listen on the same address and will take over: it opens a further
/// session, while this one goes on until its connector leaves.
inline constexpr std::string_view kSuccessorPath = "/.well-known/adit/successor";
inline constexpr std::string_view kAuthority = "adit";
/// An agent's answer to the greeting when it only looks: no introduction, so the session is never given a request.
inline constexpr int kNobody = 204;
/// A connector's last words to a session that came from a WireGuard seat where another agent is.
inline constexpr std::string_view kSeatTaken = "another agent has this seat in the WireGuard network";

/// What the connector tells an agent.
struct Invitation {
    std::string instance;  ///< which connector process this is
    unsigned workers = 1;
    unsigned wanted_sessions = 1;  ///< at least one per worker
    std::chrono::milliseconds probe_interval{1000};
    std::optional<WallTime> time;  ///< by the connector's clock, in whole seconds
    unsigned seat = 0;             ///< in the WireGuard network, for one that came by its lobby; 0: it stays as it is

    h2::Fields to_request() const;
    /// Missing or odd fields keep their defaults: a newer connector must not break an older agent.
    static Invitation from_request(const h2::Fields& request);
};

/// What an agent tells the connector.
struct Introduction {
    std::string agent;  ///< this agent process, new at every start
    std::string version;
    std::string host;
    std::map<std::string, std::string> labels;
    std::vector<std::string> allow;

    std::string to_json() const;
    /// Bounded and checked: it comes over a network. Words are one printable line each; who has no id that could be one
    /// is refused. Unknown members are ignored.
    static Result<Introduction> from_json(std::string_view text);
};

/// The head of a GET inside the tunnel.
h2::Fields get(std::string_view path);

}  // namespace adit::protocol
