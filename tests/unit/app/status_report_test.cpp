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
        session_table({tunnel_named("tnl_a", "shop"), tunnel_named("tnl_b", "idle")}, {session_of("tnl_a")}, {});
    CHECK(table.find(R"("name":"shop","sessions":[{"id":7,"agent":"agt_1")") != std::string::npos);
    CHECK(table.find(R"("name":"idle","sessions":[])") != std::string::npos);
}

TEST_CASE("sessions of a tunnel that was just deleted leave no trace in the table") {
    CHECK(session_table({}, {session_of("tnl_gone")}, {}) == "{\"tunnels\":[]}\n");
}

TEST_CASE("a session over WireGuard shows its seat and what the device knows of it") {
    const auto info = session_of("tnl_a");
    info->transport = protocol::Transport::wireguard;
    info->inner = boost::asio::ip::make_address("10.77.0.15");
    info->seat = 7;
    WireGuardStandings standings;
    WireGuardStanding& standing = standings[*info->inner];
    standing.peer.endpoint = {boost::asio::ip::make_address("192.0.2.7"), 4000};
    standing.peer.handshake = std::chrono::system_clock::now();
    standing.peer.received = 148;
    standing.roams = 3;
    const std::vector<TunnelRecord> records{tunnel_named("tnl_a", "shop")};
    const std::string table = session_table(records, {info}, standings);
    CHECK(table.find(R"("transport":"wireguard")") != std::string::npos);
    CHECK(table.find(R"("seat":7,"endpoint":"192.0.2.7:4000","handshake_age_s":0,"received_bytes":148,"sent_bytes":0,)"
                     R"("roams":3)") != std::string::npos);
    CHECK(session_table(records, {info}, {}).find(R"("seat":7})") != std::string::npos);
}
