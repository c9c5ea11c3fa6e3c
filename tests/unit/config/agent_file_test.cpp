// The agent's file.
#include <doctest/doctest.h>

#include "agent/config/file_config.h"
#include "tests/unit/yaml/support.h"

namespace adit::agent {
namespace {

using namespace std::chrono_literals;
using yaml::test::TemporaryFiles;

/// Stands for the real pattern parser: a port is all it wants.
Result<> wants_colon(std::string_view pattern) {
    if (!pattern.contains(':')) return usage_error("the port is missing");
    return {};
}

auto load(const TemporaryFiles& files, std::string_view text) {
    return load_file_config(files.write("agent.yaml", text), wants_colon, yaml::test::environment({{"ZONE", "a"}}));
}

}  // namespace

TEST_CASE("all keys of the agent's file") {
    const TemporaryFiles files;
    const auto config =
        load(files,
             "allow: [\"10.0.0.0/8:8080\", \"*.svc.local:443\"]\nconnections: 4\n"
             "labels: {zone: \"${ZONE}\"}\nmetrics: 127.0.0.1:0\nlog: {level: debug}\ngrace_period: 10s\n");
    REQUIRE(config);
    CHECK(config->allow == std::vector<std::string>{"10.0.0.0/8:8080", "*.svc.local:443"});
    CHECK(config->connections == 4);
    CHECK(config->labels.at("zone") == "a");
    CHECK(config->metrics->text() == "127.0.0.1:0");
    CHECK(config->log.level == logging::Level::debug);
    CHECK(config->grace_period == 10s);
}

TEST_CASE("the way to the connector in the agent's file") {
    const TemporaryFiles files;
    const auto config =
        load(files, "transport_protocol: wireguard\nwireguard: {device: existing, interface: wg0, mtu: 8920}\n");
    REQUIRE(config);
    CHECK(config->transport_protocol == TransportProtocol::wireguard);
    CHECK(config->wireguard.device == wireguard::DeviceKind::existing);
    CHECK(config->wireguard.interface == "wg0");
    CHECK(config->wireguard.mtu == 8920);
    const auto wrong = load(files, "transport_protocol: quic\nwireguard: {device: kernel, mtu: 10}\n");
    CHECK(yaml::test::lines(wrong.error(), files.directory()) ==
          "agent.yaml:1:21: expected one of auto, tls, wireguard, found \"quic\"\n"
          "agent.yaml:2:34: expected a number from 1280 to 65455, found \"10\"\n");
}

TEST_CASE("what the agent's file leaves out is unset") {
    const TemporaryFiles files;
    const auto config = load(files, "allow: []\n");
    REQUIRE(config);
    CHECK_FALSE(config->connections);
    CHECK_FALSE(config->metrics);
    CHECK_FALSE(config->log.level);
    CHECK_FALSE(config->grace_period);
    CHECK_FALSE(config->transport_protocol);
    CHECK_FALSE(config->wireguard.device);
}

TEST_CASE("errors of the agent's file have their places") {
    const TemporaryFiles files;
    const auto config = load(files, "allow:\n  - a:1\n  - b\nconection: 3\nlog: {level: loud}\n");
    REQUIRE_FALSE(config);
    CHECK(yaml::test::lines(config.error(), files.directory()) ==
          "agent.yaml:3:5: \"b\" is not an allow pattern: the port is missing\n"
          "agent.yaml:4:1: unknown key 'conection' in the configuration; did you mean 'connections'? (allowed: allow, "
          "connections, labels, metrics, log, grace_period, transport_protocol, wireguard, sandbox)\n"
          "agent.yaml:5:14: expected one of trace, debug, info, warn, error, found \"loud\"\n");
}

}  // namespace adit::agent
