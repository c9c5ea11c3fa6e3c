// The agent's command line: what wins over what, where the token comes from, and what is refused.
#include "agent/options/options.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <sstream>

#include "common/log/log.h"
#include "tests/unit/log/capture.h"

using namespace adit;
using namespace std::chrono_literals;
using logging::test::Capture;

namespace {

/// A directory of its own and an environment without our variables, both gone with it.
class Scene {
  public:
    Scene() {
        clear();
        char name[] = "/tmp/adit-options-XXXXXX";
        directory_ = ::mkdtemp(name);
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    ~Scene() {
        clear();
        std::filesystem::remove_all(directory_);
    }

    void set(const char* variable, const std::string& value) { ::setenv(variable, value.c_str(), 1); }

    std::string file(const char* name, const std::string& content, mode_t mode = 0600) {
        const std::string path = (directory_ / name).string();
        std::ofstream(path) << content;
        ::chmod(path.c_str(), mode);
        return path;
    }

  private:
    static void clear() {
        for (const char* variable :
             {"TUNNEL_TOKEN", "TUNNEL_TOKEN_FILE", "TUNNEL_LOGLEVEL", "TUNNEL_METRICS", "TUNNEL_GRACE_PERIOD",
              "TUNNEL_TRANSPORT_PROTOCOL", "TUNNEL_ALLOW", "TUNNEL_CONNECTIONS", "TUNNEL_WIREGUARD_DEVICE",
              "TUNNEL_WIREGUARD_INTERFACE", "TUNNEL_WIREGUARD_MTU"}) {
            ::unsetenv(variable);
        }
    }

    std::filesystem::path directory_;
};

agent::Options parse(std::initializer_list<std::string> arguments) {
    std::vector<const char*> argv{"adit-agent"};
    for (const std::string& argument : arguments) {
        argv.push_back(argument.c_str());
    }
    return agent::parse_options(static_cast<int>(argv.size()), argv.data());
}

agent::RunOptions run(std::initializer_list<std::string> arguments) {
    agent::Options options = parse(arguments);
    if (const auto* leave = std::get_if<agent::Leave>(&options)) {
        FAIL(leave->err);
    }
    return std::get<agent::RunOptions>(std::move(options));
}

/// The refusal's words; its status must be 2.
std::string refusal(std::initializer_list<std::string> arguments) {
    const agent::Options options = parse(arguments);
    const auto* leave = std::get_if<agent::Leave>(&options);
    REQUIRE(leave != nullptr);
    CHECK(leave->status == 2);
    return leave->err + leave->out;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("without anything but a token the defaults stand") {
    Scene scene;
    scene.set("TUNNEL_TOKEN", "adit1_x");
    const agent::RunOptions options = run({"run"});
    CHECK(options.token.reveal() == "adit1_x");
    CHECK(options.allow.empty());
    CHECK(options.connections == 4);
    CHECK(options.metrics.text() == "127.0.0.1:20241");
    CHECK_FALSE(options.metrics_given);
    CHECK(options.log_level == logging::Level::info);
    CHECK(options.grace_period == 30s);
}

TEST_CASE("flags win over the environment, and the environment over the file") {
    Scene scene;
    scene.set("TUNNEL_TOKEN_FILE",
              scene.file("token", "adit1_x"));  // a variable would be wiped by the first to read it
    const std::string config = scene.file("agent.yaml",
                                          "metrics: 127.0.0.1:1\nlog: { level: error }\ngrace_period: 1s\n"
                                          "connections: 1\nlabels: { zone: a, rack: r1 }\n");
    const agent::RunOptions of_file = run({"run", "--config", config});
    CHECK(of_file.metrics.port == 1);
    CHECK(of_file.metrics_given);
    CHECK(of_file.log_level == logging::Level::error);
    CHECK(of_file.grace_period == 1s);
    CHECK(of_file.connections == 1);

    scene.set("TUNNEL_METRICS", "127.0.0.1:2");
    scene.set("TUNNEL_LOGLEVEL", "warn");
    scene.set("TUNNEL_GRACE_PERIOD", "2s");
    scene.set("TUNNEL_CONNECTIONS", "2");
    const agent::RunOptions of_environment = run({"run", "--config", config});
    CHECK(of_environment.metrics.port == 2);
    CHECK(of_environment.log_level == logging::Level::warn);
    CHECK(of_environment.grace_period == 2s);
    CHECK(of_environment.connections == 2);

    const agent::RunOptions of_flags =
        run({"run", "--config", config, "--metrics", "127.0.0.1:3", "--loglevel", "debug", "--grace-period", "3s",
             "--connections", "3", "--label", "zone=b=c"});
    CHECK(of_flags.metrics.port == 3);
    CHECK(of_flags.log_level == logging::Level::debug);
    CHECK(of_flags.grace_period == 3s);
    CHECK(of_flags.connections == 3);
    CHECK(of_flags.labels == std::map<std::string, std::string>{{"zone", "b=c"}, {"rack", "r1"}});
}

TEST_CASE("allow patterns of flags, environment and file add up") {
    Scene scene;
    scene.set("TUNNEL_TOKEN", "adit1_x");
    scene.set("TUNNEL_ALLOW", "c:3, d:4");
    const std::string config = scene.file("agent.yaml", "allow: [ 'e:5' ]\n");
    const agent::RunOptions options = run({"run", "--allow", "a:1", "--allow", "b:2", "--config", config});
    CHECK(options.allow == std::vector<std::string>{"a:1", "b:2", "c:3", "d:4"});
    CHECK(agent::file_patterns(config).value() == std::vector<std::string>{"e:5"});
}

TEST_CASE("the token comes from the flag's file, else the variable, else the variable's file") {
    Scene scene;
    const std::string one = scene.file("one", "adit1_one\n");
    const std::string two = scene.file("two", "adit1_two\n");
    scene.set("TUNNEL_TOKEN_FILE", two);
    CHECK(run({"run"}).token.reveal() == "adit1_two\n");
    scene.set("TUNNEL_TOKEN", "adit1_variable");
    CHECK(run({"run"}).token.reveal() == "adit1_variable");
    CHECK(run({"run", "--token-file", one}).token.reveal() == "adit1_one\n");
}

TEST_CASE("without a token the message says how to get one") {
    const Scene scene;
    const std::string words = refusal({"run"});
    CHECK(contains(words, "TUNNEL_TOKEN_FILE"));
    CHECK(contains(words, "adit-connector tunnel create"));
}

TEST_CASE("a token on the command line is refused and not repeated") {
    Scene scene;
    for (const auto& arguments : {std::vector<std::string>{"run", "adit1_AAAA"},
                                  {"run", "--token", "adit1_AAAA"},
                                  {"run", "--token=adit1_AAAA"},
                                  {"run", "--token-file", "adit1_AAAA"},
                                  {"token", "inspect", "adit1_AAAA"},
                                  {"run", "--token", "other"}}) {
        CAPTURE(arguments.back());
        std::vector<const char*> argv{"adit-agent"};
        for (const std::string& argument : arguments) {
            argv.push_back(argument.c_str());
        }
        const auto options = agent::parse_options(static_cast<int>(argv.size()), argv.data());
        const auto* leave = std::get_if<agent::Leave>(&options);
        REQUIRE(leave != nullptr);
        CHECK(leave->status == 2);
        CHECK(contains(leave->err, "every user of this machine"));
        CHECK_FALSE(contains(leave->err + leave->out, "AAAA"));
    }
}

TEST_CASE("a token file that others can read gets a warning, one that is missing or huge an error") {
    Scene scene;
    const std::string open = scene.file("open", "adit1_x", 0644);
    const std::string closed = scene.file("closed", "adit1_x");
    {
        const Capture capture;
        logging::set_up(logging::Level::info, logging::Format::json);
        CHECK(agent::read_token(closed, false));
        CHECK(capture.text().empty());
        CHECK(agent::read_token(open, false));
        CHECK(capture.object().at("level").as_string() == "warn");
        CHECK(capture.object().at("file").as_string() == open);
        CHECK_FALSE(contains(capture.text(), "adit1_"));
    }
    CHECK(contains(refusal({"run", "--token-file", "/nowhere/token"}), "/nowhere/token: No such file or directory"));
    CHECK(contains(refusal({"run", "--token-file", scene.file("huge", std::string(100'000, 'a'))}), "larger than"));
}

TEST_CASE("inspect reads standard input when nothing else names a token, up to a bound") {
    const Scene scene;
    std::istringstream input("adit1_typed\n");
    std::streambuf* const terminal = std::cin.rdbuf(input.rdbuf());
    CHECK(agent::read_token(std::nullopt, true).value().reveal() == "adit1_typed\n");
    std::istringstream endless(std::string(100'000, 'a'));
    std::cin.rdbuf(endless.rdbuf());
    std::cin.clear();
    CHECK_FALSE(agent::read_token(std::nullopt, true));
    std::cin.rdbuf(terminal);
    std::cin.clear();
}

TEST_CASE("the way to the connector: flag, then environment, then file, then default") {
    Scene scene;
    scene.set("TUNNEL_TOKEN_FILE",
              scene.file("token", "adit1_x"));  // a variable would be wiped by the first to read it
    const agent::TransportOptions none = run({"run"}).transport;
    CHECK(none.protocol == agent::TransportProtocol::automatic);
    CHECK(none.device == wireguard::DeviceKind::automatic);
    CHECK(none.interface == "adit0");
    CHECK_FALSE(none.mtu);
    const std::string config = scene.file(
        "agent.yaml", "transport_protocol: tls\nwireguard: { device: existing, interface: wg1, mtu: 1300 }\n");
    const agent::TransportOptions of_file = run({"run", "--config", config}).transport;
    CHECK(of_file.protocol == agent::TransportProtocol::tls);
    CHECK(of_file.device == wireguard::DeviceKind::existing);
    CHECK(of_file.interface == "wg1");
    CHECK(of_file.mtu == 1300);
    scene.set("TUNNEL_TRANSPORT_PROTOCOL", "wireguard");
    scene.set("TUNNEL_WIREGUARD_DEVICE", "kernel");
    scene.set("TUNNEL_WIREGUARD_INTERFACE", "wg2");
    scene.set("TUNNEL_WIREGUARD_MTU", "1400");
    const agent::TransportOptions of_environment = run({"run", "--config", config}).transport;
    CHECK(of_environment.protocol == agent::TransportProtocol::wireguard);
    CHECK(of_environment.device == wireguard::DeviceKind::kernel);
    CHECK(of_environment.interface == "wg2");
    CHECK(of_environment.mtu == 1400);
    const agent::TransportOptions of_flags =
        run({"run", "--config", config, "--transport-protocol", "auto", "--wireguard-device", "user-space",
             "--wireguard-interface", "wg3", "--wireguard-mtu", "8920"})
            .transport;
    CHECK(of_flags.protocol == agent::TransportProtocol::automatic);
    CHECK(of_flags.device == wireguard::DeviceKind::user_space);
    CHECK(of_flags.interface == "wg3");
    CHECK(of_flags.mtu == 8920);
}

TEST_CASE("a way to the connector that cannot be is refused, and the words say who asked for it") {
    Scene scene;
    scene.set("TUNNEL_TOKEN", "adit1_x");
    CHECK(contains(refusal({"run", "--transport-protocol", "quic"}), "quic"));
    CHECK(contains(refusal({"run", "--wireguard-device", "tun"}), "user-space"));
    CHECK(contains(refusal({"run", "--wireguard-mtu", "1"}), "--wireguard-mtu=1: a number from 1280 to 65455"));
    CHECK(contains(refusal({"run", "--wireguard-interface", "a/b"}), "--wireguard-interface=a/b"));
    CHECK(contains(refusal({"run", "--wireguard-device", "existing"}), "needs the name of its interface"));
    scene.set("TUNNEL_WIREGUARD_MTU", "1500x");
    CHECK(contains(refusal({"run"}), "TUNNEL_WIREGUARD_MTU=1500x"));
    scene.set("TUNNEL_WIREGUARD_DEVICE", "tun");
    CHECK(contains(refusal({"run"}),
                   "TUNNEL_WIREGUARD_DEVICE=tun is not known; use auto, user-space, kernel or existing"));
    scene.set("TUNNEL_TRANSPORT_PROTOCOL", "quic");
    CHECK(contains(refusal({"run"}), "TUNNEL_TRANSPORT_PROTOCOL=quic is not known; use auto, tls or wireguard"));
}

TEST_CASE("a seat is written out by its number, the first when none is given") {
    const Scene scene;
    CHECK(std::get<agent::WireGuardConfOptions>(parse({"token", "wireguard-conf"})).seat == 1);
    const auto options = parse({"token", "wireguard-conf", "--seat", "3", "--token-file", "t"});
    CHECK(std::get<agent::WireGuardConfOptions>(options).seat == 3);
    CHECK(std::get<agent::WireGuardConfOptions>(options).token_file == "t");
    refusal({"token", "wireguard-conf", "--seat", "low"});
}

TEST_CASE("values that cannot be are refused with their reason") {
    Scene scene;
    scene.set("TUNNEL_TOKEN", "adit1_x");
    struct Row {
        const char* flag;
        const char* value;
        const char* words;
    };
    for (const Row& row : {Row{"--allow", "nowhere", "the port is missing"}, Row{"--metrics", "20241", "host:port"},
                           Row{"--loglevel", "loud", "trace, debug"}, Row{"--grace-period", "soon", "duration"},
                           Row{"--grace-period", "2h", "at most 1h"}, Row{"--connections", "0", "from 1 to 64"},
                           Row{"--connections", "65", "from 1 to 64"}, Row{"--connections", "4x", "from 1 to 64"},
                           Row{"--connections", "99999999999", "from 1 to 64"}, Row{"--label", "zone", "NAME=VALUE"},
                           Row{"--label", "=a", "NAME=VALUE"}, Row{"--config", "/nowhere.yaml", "/nowhere.yaml"},
                           Row{"--no-such-flag", "1", "no-such-flag"}}) {
        CAPTURE(row.flag);
        CAPTURE(row.value);
        CHECK(contains(refusal({"run", row.flag, row.value}), row.words));
    }
}

TEST_CASE("labels have a bound") {
    Scene scene;
    scene.set("TUNNEL_TOKEN", "adit1_x");
    std::vector<std::string> arguments{"adit-agent", "run"};
    for (int i = 0; i < 65; ++i) {
        arguments.insert(arguments.end(), {"--label", "l" + std::to_string(i) + "=x"});
    }
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(argument.c_str());
    }
    const auto options = agent::parse_options(static_cast<int>(argv.size()), argv.data());
    REQUIRE(std::get_if<agent::Leave>(&options) != nullptr);
    CHECK(contains(std::get<agent::Leave>(options).err, "more than 64 labels"));
}

TEST_CASE("the other verbs") {
    Scene scene;
    CHECK(std::holds_alternative<agent::VersionOptions>(parse({"version"})));
    const auto inspect =
        std::get<agent::InspectOptions>(parse({"token", "inspect", "--token-file", "t", "--output", "json"}));
    CHECK(inspect.json);
    CHECK(inspect.token_file == "t");
    CHECK(std::get<agent::HealthOptions>(parse({"healthcheck"})).metrics.text() == "127.0.0.1:20241");
    scene.set("TUNNEL_METRICS", "127.0.0.1:9");
    CHECK(std::get<agent::HealthOptions>(parse({"healthcheck"})).metrics.port == 9);
    CHECK(std::get<agent::HealthOptions>(parse({"healthcheck", "--metrics", "[::1]:8"})).metrics.text() == "[::1]:8");
    CHECK(contains(refusal({"healthcheck", "--metrics", "8"}), "port"));
    CHECK(contains(refusal({"token", "inspect", "--output", "xml"}), "xml"));
    refusal({});
}

TEST_CASE("help is no error") {
    const Scene scene;
    const agent::Options options = parse({"run", "--help"});
    const auto* leave = std::get_if<agent::Leave>(&options);
    REQUIRE(leave != nullptr);
    CHECK(leave->status == 0);
    CHECK(contains(leave->out, "--allow"));
    CHECK(leave->err.empty());
}
