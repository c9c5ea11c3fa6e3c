// Rows of sessions and of the sandbox's parts; see status_report.h.
#include "agent/status_report.h"

#include <array>
#include <boost/json.hpp>

namespace adit::agent {
namespace {

namespace json = boost::json;

json::object row_of(const SessionStanding& session, WallTime now) {
    static constexpr std::array states{"greeting", "ready", "draining"};
    const auto since = now - std::chrono::duration_cast<WallTime::duration>(session.age);
    return {{"connector", session.connector},
            {"transport", protocol::name(session.transport)},
            {"state", states[static_cast<std::size_t>(session.state)]},
            {"streams", session.streams},
            {"since", format_time(since)}};
}

}  // namespace

std::string status_report(const AgentStanding& standing, WallTime now) {
    json::object report{{"agent", standing.agent}, {"version", ADIT_VERSION}, {"ready", standing.not_ready.empty()}};
    if (!standing.not_ready.empty()) {
        report["reason"] = standing.not_ready;
    }
    json::array sessions;
    for (const SessionStanding& session : standing.sessions) {
        sessions.push_back(row_of(session, now));
    }
    report["sessions"] = std::move(sessions);
    json::array walls;
    for (const sandbox::Measure& one : standing.sandbox.measures) {
        walls.push_back(json::object{{"measure", one.name}, {"active", one.active}, {"detail", one.detail}});
    }
    report["sandbox"] = std::move(walls);
    return json::serialize(report) + "\n";
}

}  // namespace adit::agent
