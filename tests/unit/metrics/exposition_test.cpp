// The metrics of both programs as Prometheus sees them: names, units, help texts, labels.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "agent/metrics/metrics.h"
#include "common/metrics/metrics.h"
#include "connector/admin/metrics.h"

using namespace adit;
using namespace std::chrono_literals;

namespace {

/// Every family of the connector with a value.
void fill(ConnectorMetrics& metrics) {
    const auto route = metrics.route("payments");
    route->finished(200, 3ms, 10, 1024);
    route->finished(502, 30s, 0, 200);
    route->failed("connection-refused");
    const auto backend = metrics.backend("payments");
    backend->active.Increment();
    backend->idle.Increment();
    backend->reused.Increment();
    metrics.listener("127.0.0.1:8080")->connections.Increment();
    metrics.session_opened("t1", "tls");
    metrics.session_opened("t1", "tls");
    metrics.session_closed("t1", "tls", "the tunnel session ended");
    metrics.session_refused("unknown_key");
    metrics.probed("t1", 700us);
    metrics.probe_failed("t1");
    metrics.streams("t1", 12);
}

void fill(agent::AgentMetrics& metrics) {
    metrics.sessions("tls").Set(4);
    metrics.streams.Increment();
    metrics.streams_total.Increment();
    metrics.probes.Increment();
    metrics.refused(problem::destination_prohibited("not allowed"));
    metrics.reconnecting("session_lost");
    metrics.session_closed("tls", "limit reached");
    metrics.dialled(2ms);
    metrics.carried(100, 200);
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

std::set<std::string> families(const std::string& text) {
    std::set<std::string> names;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE ")) {
            names.insert(line.substr(7, line.find(' ', 7) - 7));
        }
    }
    return names;
}

/// What promtool has to say; "" is praise.
std::string lint(const std::string& exposition) {
    char name[] = "/tmp/adit-metrics-XXXXXX";
    const int file = ::mkstemp(name);
    std::ofstream(name) << exposition;
    const std::string command = std::string(ADIT_PROMTOOL) + " check metrics < " + name + " 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string words;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        words += static_cast<char>(c);
    }
    const int status = ::pclose(pipe);
    std::remove(name);
    ::close(file);
    return status == 0 ? words : words + "status " + std::to_string(status);
}

}  // namespace

TEST_CASE("promtool finds nothing to criticise in either program" * doctest::skip(std::string(ADIT_PROMTOOL).empty())) {
    metrics::Registry of_connector;
    ConnectorMetrics connector(of_connector);
    fill(connector);
    CHECK(lint(of_connector.exposition()) == "");

    metrics::Registry of_agent;
    agent::AgentMetrics agent(of_agent);
    CHECK(lint(of_agent.exposition()) == "");
    fill(agent);
    CHECK(lint(of_agent.exposition()) == "");
}

TEST_CASE("promtool does find what is wrong" * doctest::skip(std::string(ADIT_PROMTOOL).empty())) {
    metrics::Registry registry;
    registry.counter("adit_test_requests", "A counter without _total.").Increment();
    CHECK(lint(registry.exposition()) != "");
}

TEST_CASE("the connector has the families that dashboards are built on") {
    metrics::Registry registry;
    ConnectorMetrics connector(registry);
    fill(connector);
    const std::set<std::string> expected{"adit_connector_client_connections",
                                         "adit_connector_client_ended_total",
                                         "adit_connector_client_refused_total",
                                         "adit_connector_hedges_total",
                                         "adit_connector_pool_connections",
                                         "adit_connector_pool_reuse_total",
                                         "adit_connector_probe_failures_total",
                                         "adit_connector_probe_round_trip_seconds",
                                         "adit_connector_request_bytes_total",
                                         "adit_connector_request_duration_seconds",
                                         "adit_connector_request_failures_total",
                                         "adit_connector_request_tries",
                                         "adit_connector_requests_total",
                                         "adit_connector_response_bytes_total",
                                         "adit_connector_session_closed_total",
                                         "adit_connector_session_opened_total",
                                         "adit_connector_session_refused_total",
                                         "adit_connector_sessions",
                                         "adit_connector_streams"};
    CHECK(families(registry.exposition()) == expected);
}

TEST_CASE("the agent has the families that dashboards are built on") {
    metrics::Registry registry;
    agent::AgentMetrics agent(registry);
    fill(agent);
    const std::set<std::string> expected{"adit_agent_dial_duration_seconds",
                                         "adit_agent_probes_total",
                                         "adit_agent_received_bytes_total",
                                         "adit_agent_reconnects_total",
                                         "adit_agent_sent_bytes_total",
                                         "adit_agent_session_closed_total",
                                         "adit_agent_sessions",
                                         "adit_agent_stream_refusals_total",
                                         "adit_agent_streams",
                                         "adit_agent_streams_total",
                                         "adit_agent_transport_fallbacks_total"};
    CHECK(families(registry.exposition()) == expected);
    CHECK(has_line(registry.exposition(), "adit_agent_stream_refusals_total{reason=\"destination_ip_prohibited\"} 1"));
    CHECK(has_line(registry.exposition(), "adit_agent_received_bytes_total 100"));
    CHECK(has_line(registry.exposition(),
                   "adit_agent_session_closed_total{reason=\"limit reached\",transport=\"tls\"} 1"));
}

TEST_CASE("requests count by route and code") {
    metrics::Registry registry;
    ConnectorMetrics connector(registry);
    fill(connector);
    const std::string text = registry.exposition();
    CHECK(has_line(text, "adit_connector_requests_total{code=\"200\",route=\"payments\"} 1"));
    CHECK(has_line(text, "adit_connector_requests_total{code=\"502\",route=\"payments\"} 1"));
    CHECK(has_line(text, "adit_connector_request_duration_seconds_count{route=\"payments\"} 2"));
    CHECK(has_line(text, "adit_connector_response_bytes_total{route=\"payments\"} 1224"));
    CHECK(has_line(text, "adit_connector_sessions{transport=\"tls\",tunnel=\"t1\"} 1"));
}

TEST_CASE("a status out of range cannot add series without end") {
    metrics::Registry registry;
    ConnectorMetrics connector(registry);
    const auto route = connector.route("r");
    for (const int status : {-1, 0, 999, 100'000}) {
        route->finished(status, 1ms, 0, 0);
    }
    const std::string text = registry.exposition();
    CHECK(has_line(text, "adit_connector_requests_total{code=\"0\",route=\"r\"} 2"));
    CHECK(has_line(text, "adit_connector_requests_total{code=\"599\",route=\"r\"} 2"));
}

TEST_CASE("asking twice gives the same handle, and label values may hold anything") {
    metrics::Registry registry;
    metrics::Counter& one = registry.counter("adit_test_total", "A test.", {{"name", "a\"b\\c\nd"}});
    metrics::Counter& other = registry.counter("adit_test_total", "A test.", {{"name", "a\"b\\c\nd"}});
    CHECK(&one == &other);
    one.Increment();
    CHECK(has_line(registry.exposition(), "adit_test_total{name=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST_CASE("workers count the same route together, first use included") {
    metrics::Registry registry;
    ConnectorMetrics connector(registry);
    const auto route = connector.route("r");
    {
        std::vector<std::jthread> workers;
        for (int i = 0; i < 4; ++i) {
            workers.emplace_back([&route] {
                for (int j = 0; j < 10'000; ++j) {
                    route->finished(200 + j % 2, 1ms, 1, 1);
                }
            });
        }
    }
    const std::string text = registry.exposition();
    CHECK(has_line(text, "adit_connector_requests_total{code=\"200\",route=\"r\"} 20000"));
    CHECK(has_line(text, "adit_connector_requests_total{code=\"201\",route=\"r\"} 20000"));
    CHECK(has_line(text, "adit_connector_request_duration_seconds_count{route=\"r\"} 40000"));
    CHECK(has_line(text, "adit_connector_request_bytes_total{route=\"r\"} 40000"));
}

TEST_CASE("gauges of a seat disappear with it, and those of another stay") {
    metrics::Registry registry;
    ConnectorMetrics connector(registry);
    const auto one = connector.wireguard("t1", "key_1", 1);
    one->show({1s, 10, 20, 0});
    {
        const auto other = connector.wireguard("t1", "key_1", 2);
        other->show({2s, 30, 40, 1});
        CHECK(has_line(registry.exposition(),
                       "adit_connector_wireguard_received_bytes{key=\"key_1\",seat=\"2\",tunnel=\"t1\"} 30"));
    }
    const std::string text = registry.exposition();
    CHECK(text.find("seat=\"2\"") == std::string::npos);
    CHECK(has_line(text, "adit_connector_wireguard_received_bytes{key=\"key_1\",seat=\"1\",tunnel=\"t1\"} 10"));
}

TEST_CASE("an agent shows the ways over WireGuard that it has now") {
    metrics::Registry registry;
    agent::AgentMetrics agent(registry);
    agent.wireguard({{"192.0.2.1:51820", 7, 2s, 10, 20}, {"192.0.2.2:51820", 6, std::nullopt, 0, 0}});
    std::string text = registry.exposition();
    CHECK(has_line(text, "adit_agent_wireguard_handshake_age_seconds{endpoint=\"192.0.2.1:51820\",seat=\"7\"} 2"));
    CHECK(has_line(text, "adit_agent_wireguard_sent_bytes{endpoint=\"192.0.2.2:51820\",seat=\"6\"} 0"));
    agent.wireguard({{"192.0.2.1:51820", 5, 1s, 11, 21}});
    text = registry.exposition();
    CHECK(text.find("seat=\"7\"") == std::string::npos);
    CHECK(text.find("192.0.2.2") == std::string::npos);
    CHECK(has_line(text, "adit_agent_wireguard_received_bytes{endpoint=\"192.0.2.1:51820\",seat=\"5\"} 11"));
}

TEST_CASE("times that an agent fell back are counted once each") {
    metrics::Registry registry;
    agent::AgentMetrics agent(registry);
    agent.fell_back(2);
    agent.fell_back(2);
    agent.fell_back(3);
    CHECK(has_line(registry.exposition(), "adit_agent_transport_fallbacks_total 3"));
}
