// adit-connector: from the command line to one of its verbs.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "common/base/locked_memory.h"
#include "common/base/printable.h"
#include "common/command/failure.h"
#include "common/log/log.h"
#include "common/tls/key_memory.h"
#include "connector/app.h"
#include "connector/cli/circuit_commands.h"
#include "connector/cli/credential_commands.h"
#include "connector/cli/degrading_commands.h"
#include "connector/cli/health_command.h"
#include "connector/cli/issuer_commands.h"
#include "connector/cli/manual.h"
#include "connector/cli/operator_commands.h"
#include "connector/cli/options.h"
#include "connector/cli/trust_commands.h"
#include "connector/cli/tunnel_commands.h"
#include "connector/config/check.h"
#include "connector/config/load.h"
#include "connector/trial.h"

namespace {

using namespace adit;

constexpr const char* kUsualPlaces[] = {"adit.yaml", "/etc/adit/connector.yaml"};

/// The configuration that was named, else ADIT_CONFIG, else the first of the usual places.
Result<std::filesystem::path> find_config(const std::string& named) {
    if (!named.empty()) {
        return named;
    }
    if (const char* variable = std::getenv("ADIT_CONFIG"); variable != nullptr && *variable != '\0') {
        return variable;
    }
    for (const char* place : kUsualPlaces) {
        if (std::filesystem::exists(place)) {
            return place;
        }
    }
    return usage_error(
        "no configuration: give --config FILE or set ADIT_CONFIG (looked for adit.yaml and "
        "/etc/adit/connector.yaml)");
}

int run(const std::string& named) {
    const auto path = find_config(named);
    if (!path) {
        return cli::report(path.error());
    }
    auto configuration = config::load(*path);
    if (!configuration) {
        std::cerr << configuration.error().text();
        return 2;
    }
    return run_connector(*path, std::move(*configuration));
}

int check(const std::string& named, const std::string& output, bool strict) {
    const auto path = find_config(named);
    if (!path) {
        return cli::report(path.error());
    }
    return config::run_check(*path, output == "json" ? config::Output::json : config::Output::text,
                             strict ? config::Strictness::strict : config::Strictness::usual, try_out);
}

Result<config::TunnelSettings> tunnel_settings(const std::string& named) {
    const auto path = find_config(named);
    if (!path) {
        return std::unexpected(path.error());
    }
    const auto configuration = config::load(*path);
    if (!configuration) {
        return usage_error("the configuration cannot be used:\n" + configuration.error().text_with_lines());
    }
    return config::tunnel_settings(*configuration, config::machine_name());
}

}  // namespace

int main(int argc, char** argv) {
    raise_lock_limit();
    tls::keep_keys_locked();
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    logging::set_up(logging::Level::info, logging::Format::automatic);
    const PrintableOutput out(std::cout);
    const PrintableOutput err(std::cerr);
    CLI::App app("Adit's connector: the gateway side of its tunnels", "adit-connector");
    app.failure_message(command::failure_message);
    app.require_subcommand(1);
    app.set_version_flag("--version", "adit-connector " ADIT_VERSION, "Print the version and exit");
    std::function<int()> chosen;
    std::string config;
    std::string output = "text";

    CLI::App* run_command = app.add_subcommand("run", "Serve clients and agents until told to stop");
    run_command
        ->add_option("--config", config, "Configuration file (else ADIT_CONFIG, adit.yaml, /etc/adit/connector.yaml)")
        ->type_name("FILE");
    run_command->callback([&] { chosen = [&] { return run(config); }; });
    CLI::App* check_command =
        app.add_subcommand("check", "Say that a configuration is good, or all that is wrong with it");
    check_command->add_option("--config,file", config, "Configuration file")->type_name("FILE");
    cli::add_output(*check_command, output);
    bool strict = false;
    check_command->add_flag("--strict", strict, "Exit with 1 where there are warnings");
    check_command->callback([&] { chosen = [&] { return check(config, output, strict); }; });
    CLI::App* version_command = app.add_subcommand("version", "Print the version");
    version_command->callback([&] {
        chosen = [] {
            std::cout << "adit-connector " ADIT_VERSION "\n";
            return 0;
        };
    });
    cli::add_tunnel_commands(app, tunnel_settings, chosen);
    cli::add_operator_commands(app, find_config, chosen);
    cli::add_health_command(app, find_config, chosen);
    cli::add_circuit_commands(app, find_config, chosen);
    cli::add_degrading_commands(app, find_config, chosen);
    cli::add_credential_commands(app, find_config, chosen);
    cli::add_issuer_commands(app, find_config, chosen);
    cli::add_trust_commands(app, find_config, chosen);
    command::add_manual_verbs(app, cli::manual(), [&chosen](std::string text) {
        chosen = [text = std::move(text)] {
            std::cout << text;
            return 0;
        };
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return chosen();
}
