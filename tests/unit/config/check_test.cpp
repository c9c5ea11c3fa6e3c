// The check command's output, and what the tunnel commands take from a configuration.
#include "connector/config/check.h"

#include <doctest/doctest.h>

#include <sstream>

#include "connector/config/tunnel_settings.h"
#include "tests/unit/yaml/support.h"

namespace adit::config {
namespace {

using yaml::test::TemporaryFiles;

struct Ran {
    int status;
    std::string out;
    std::string err;
};

Ran check(const std::filesystem::path& path, Output output, Strictness strictness = Strictness::usual) {
    std::ostringstream out;
    std::ostringstream err;
    const int status = run_check(path, output, strictness, out, err);
    return {status, out.str(), err.str()};
}

constexpr const char* good =
    "admin: {address: \"127.0.0.1:9901\"}\n"
    "listeners: [{address: \"127.0.0.1:80\"}]\n"
    "tunnels: {directory: d, tls: {address: \"0.0.0.0:7443\", key: k}}\n"
    "backends: {a: {endpoints: [service://s]}, b: {endpoints: [http://x]}}\n"
    "routes: [{match: {path: /a}, backend: a}, {match: {}, backend: b}]\n";

}  // namespace

TEST_CASE("a good file is summed up in one line") {
    const TemporaryFiles files;
    const auto path = files.write("adit.yaml", good);
    const auto text = check(path, Output::text);
    CHECK(text.status == 0);
    CHECK(text.out ==
          "ok: 1 listener, 2 routes, 2 backends, agents on 0.0.0.0:7443, admin on 127.0.0.1:9901\n"
          "warning: no consumers, policies or access: whoever reaches a listener may call; accessibleBy of "
          "services is not enforced\n");
    CHECK(text.err.empty());
    const auto json = check(path, Output::json);
    CHECK(json.status == 0);
    CHECK(json.out ==
          "{\"ok\":true,\"summary\":\"1 listener, 2 routes, 2 backends, agents on 0.0.0.0:7443, "
          "admin on 127.0.0.1:9901\",\"warnings\":[\"no consumers, policies or access: whoever reaches a listener may "
          "call; accessibleBy of services is not enforced\"]}\n");
}

TEST_CASE("what a trial finds is an error at the value that names the file, or of the whole file") {
    const TemporaryFiles files;
    const auto path = files.write("adit.yaml", good);
    files.write("k", "");
    files.write("k.pem", "");
    const auto key = (files.directory() / "k").string();
    const auto tried = [&](const std::string& message, Output output) {
        std::ostringstream out, err;
        const Trial trial = [&](const Configuration&) { return std::vector<Error>{{message, true}}; };
        CHECK(run_check(path, output, Strictness::usual, out, err, trial) == 2);
        return out.str() + err.str();
    };
    const std::string told = tried(key + ": not a key", Output::text);
    CHECK(told.contains("adit.yaml:3:61: error: " + key + ": not a key\n"));
    CHECK_MESSAGE(told.contains("key: ..."), told);  // the line, without its values
    CHECK(tried("cannot use " + key, Output::json).contains("\"line\":3,\"column\":61"));
    CHECK(tried(key + ".pem: another one", Output::text).contains("adit.yaml: error: "));
    CHECK(tried("no file at all", Output::json).contains("\"line\":0"));
}

TEST_CASE("the address for those who watch is named as well") {
    const TemporaryFiles files;
    const auto path = files.write("adit.yaml", "admin: {address: \"127.0.0.1:9901\", metrics: \"0.0.0.0:9902\"}\n");
    CHECK(check(path, Output::text).out.contains(", admin on 127.0.0.1:9901, metrics on 0.0.0.0:9902\n"));
}

TEST_CASE("a bad file is explained: for people on standard error, for programs on standard output") {
    const TemporaryFiles files;
    const auto path = files.write("adit.yaml", "workers: \"m\\\"any\"\nadmn: {}\n");
    const auto text = check(path, Output::text);
    CHECK(text.status == 2);
    CHECK(text.out.empty());
    CHECK(text.err ==
          path.string() +
              ":1:10: error: expected a number from 1 to 256, found \"m\"any\"\n"
              "  1 | workers: ...\n"
              "    |          ^\n" +
              path.string() +
              ":2:1: error: unknown key 'admn' in the configuration; did you mean 'admin'? (allowed: log, "
              "workers, admin, listeners, tunnels, backends, routes, tracing, consumers, policies, access, issuers, "
              "timeouts, cache, degrade, shed, state, webhooks, chain, problems, and 1 more)\n"
              "  2 | ...: {}\n"
              "    | ^\n");
    const auto json = check(path, Output::json);
    CHECK(json.status == 2);
    CHECK(json.err.empty());
    CHECK(json.out.starts_with("{\"ok\":false,\"errors\":[{\"file\":\"" + path.string() +
                               "\",\"line\":1,\"column\":10,\"message\":\"expected a number from 1 to 256, found "
                               "\\\"m\\\"any\\\"\"},{"));
}

TEST_CASE("a file that is not there is an error of the input") {
    const auto missing = check("/nowhere/adit.yaml", Output::text);
    CHECK(missing.status == 2);
    CHECK(missing.err == "/nowhere/adit.yaml: error: cannot read /nowhere/adit.yaml: No such file or directory\n");
}

TEST_CASE("the connector's end of WireGuard: keys beside those of TLS, else beside the directory") {
    Configuration configuration;
    configuration.tunnels = Tunnels{.directory = "/etc/adit/tunnels.d", .wireguard = TunnelWireGuard{}};
    configuration.tunnels->wireguard->address = *net::HostPort::parse("0.0.0.0:51820");
    configuration.tunnels->wireguard->keepalive = std::chrono::milliseconds(1500);
    const auto alone = tunnel_settings(configuration, "this-machine");
    REQUIRE(alone);
    CHECK_FALSE(alone->tls);
    CHECK(alone->wireguard->key == "/etc/adit/wireguard.key");
    CHECK(alone->wireguard->preshared == "/etc/adit/wireguard.preshared");
    CHECK(alone->wireguard->advertise.at(0).text() == "this-machine:51820");
    CHECK(alone->wireguard->keepalive == std::chrono::seconds(2));
    configuration.tunnels->tls = TunnelTls{*net::HostPort::parse("0.0.0.0:7443"), "/etc/keys/connector.key", {}, {}};
    CHECK(tunnel_settings(configuration, "x")->wireguard->key == "/etc/keys/wireguard.key");
    configuration.tunnels->wireguard->key = "/run/secrets/wg";
    CHECK(tunnel_settings(configuration, "x")->wireguard->preshared == "/run/secrets/wireguard.preshared");
    CHECK(summary(configuration).contains("agents on 0.0.0.0:7443 and 0.0.0.0:51820 (WireGuard)"));
}

TEST_CASE("what agents are told to dial") {
    struct Case {
        const char* address;
        const char* advertise;
        const char* told;
    };
    const Case cases[] = {{"127.0.0.1:7443", "", "127.0.0.1:7443"},
                          {"0.0.0.0:7443", "", "this-machine:7443"},
                          {"[::]:7443", "", "this-machine:7443"},
                          {"0.0.0.0:7443", "tunnel.example.com:443", "tunnel.example.com:443"}};
    for (const auto& [address, advertise, told] : cases) {
        CAPTURE(address);
        Configuration configuration;
        configuration.tunnels =
            Tunnels{.directory = "tunnels.d", .tls = TunnelTls{*net::HostPort::parse(address), "k", {}, {}}};
        if (*advertise) configuration.tunnels->tls->advertise.push_back(*net::HostPort::parse(advertise));
        const auto settings = tunnel_settings(configuration, "this-machine");
        REQUIRE(settings);
        REQUIRE(settings->tls->advertise.size() == 1);
        CHECK(settings->tls->advertise[0].text() == told);
        CHECK(settings->directory == "tunnels.d");
    }
    CHECK(tunnel_settings({}, "x").error().message.contains("has no 'tunnels'"));
    CHECK_FALSE(machine_name().empty());
}

}  // namespace adit::config
