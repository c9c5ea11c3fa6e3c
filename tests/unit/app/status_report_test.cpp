// What the operator sees of sessions.
#include "connector/status_report.h"

#include <doctest/doctest.h>

using namespace adit;

namespace {

std::shared_ptr<tunnel::SessionInfo> session_of(const std::string& tunnel) {
    auto info = std::make_shared<tunnel::SessionInfo>();
    info->id = 7;
    info->agent = std::make_shared<tunnel::Agent>();
    info->agent->tunnel_id = tunnel;
    info->agent->id = "agt_1";
    return info;
}

TunnelRecord tunnel_named(const std::string& id, const std::string& name) {
    TunnelRecord record;
    record.id = id;
    record.name = name;
    return record;
}

}  // namespace

TEST_CASE("the table of sessions shows each under its tunnel, and tunnels without any") {
    const std::string table =
        session_table({tunnel_named("tnl_a", "shop"), tunnel_named("tnl_b", "idle")}, {session_of("tnl_a")});
    CHECK(table.find(R"("name":"shop","sessions":[{"id":7,"agent":"agt_1")") != std::string::npos);
    CHECK(table.find(R"("name":"idle","sessions":[])") != std::string::npos);
}

TEST_CASE("sessions of a tunnel that was just deleted leave no trace in the table") {
    CHECK(session_table({}, {session_of("tnl_gone")}) == "{\"tunnels\":[]}\n");
}
