// Parsing with CLI11 and merging of the sources; see options.h.
#include "agent/options/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <sstream>

#include "agent/allow/allow_list.h"
#include "agent/config/file_config.h"
#include "agent/options/environment.h"
#include "agent/options/manual.h"
#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/command/failure.h"

namespace adit::agent {
namespace {

namespace fs = std::filesystem;

Result<> check_pattern(std::string_view pattern) {
    auto parsed = AllowPattern::parse(pattern);
    return parsed ? Result<>() : Result<>(std::unexpected(std::move(parsed.error())));
}

/// What was typed, before it is merged with anything.
struct Typed {
    std::string token_file;
    std::string config;
    std::vector<std::string> allow;
    std::string metrics;
    std::string log_level;
    std::string grace_period;
    std::string connections;
    std::vector<std::string> labels;
    std::string sandbox;
    std::string output = "text";
    TypedTransport transport;
    unsigned seat = 1;
};

Leave refuse(std::string message) {
    return {2, {}, "adit-agent: " + std::move(message) + "\n"};
}

Result<FileConfig> read_config(const std::string& path) {
    if (path.empty()) {
        return FileConfig();
    }
    auto file = load_file_config(path, check_pattern);
    if (!file) {
        return usage_error("the configuration cannot be used:\n" + file.error().text_with_lines());
    }
    return std::move(*file);
}

Result<> merge_labels(const Typed& typed, RunOptions& options) {
    for (const std::string& label : typed.labels) {
        const std::size_t equals = label.find('=');
        if (equals == std::string::npos || equals == 0) {
            return usage_error("--label " + label + ": expected NAME=VALUE");
        }
        if (options.labels.size() >= file_bounds::labels && !options.labels.contains(label.substr(0, equals))) {
            return usage_error("more than " + std::to_string(file_bounds::labels) + " labels");
        }
        options.labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
    return {};
}

Result<> merge_allow(const Typed& typed, RunOptions& options) {
    options.allow = typed.allow;
    const std::string from_environment = environment("TUNNEL_ALLOW");
    for (const std::string_view pattern : split_list(from_environment, ',')) {
        options.allow.emplace_back(pattern);
    }
    for (const std::string& pattern : options.allow) {
        if (auto checked = check_pattern(pattern); !checked) {
            return checked;
        }
    }
    return {};
}

/// Values that are one text each: flag, then environment, then file, then the default that stands already.
Result<> merge_values(const Typed& typed, const FileConfig& file, RunOptions& options) {
    if (const std::string text = chosen(typed.metrics, "TUNNEL_METRICS"); !text.empty()) {
        auto address = net::HostPort::parse(text, true);
        if (!address) {
            return std::unexpected(std::move(address.error()).with("metrics address"));
        }
        options.metrics = std::move(*address);
        options.metrics_given = true;
    } else if (file.metrics) {
        options.metrics = *file.metrics;
        options.metrics_given = true;
    }
    if (const std::string text = chosen(typed.log_level, "TUNNEL_LOGLEVEL"); !text.empty()) {
        const auto level = logging::parse_level(text);
        if (!level) {
            return std::unexpected(level.error());
        }
        options.log_level = *level;
    } else {
        options.log_level = file.log.level.value_or(options.log_level);
    }
    if (const std::string text = chosen(typed.grace_period, "TUNNEL_GRACE_PERIOD"); !text.empty()) {
        const auto grace = parse_duration(text);
        if (!grace) {
            return std::unexpected(Error(grace.error()).with("grace period"));
        }
        if (*grace > file_bounds::grace_period) {
            return usage_error("the grace period must be at most " + format_duration(file_bounds::grace_period));
        }
        options.grace_period = *grace;
    } else {
        options.grace_period = file.grace_period.value_or(options.grace_period);
    }
    if (const std::string text = chosen(typed.connections, "TUNNEL_CONNECTIONS"); !text.empty()) {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size() || number < 1 ||
            number > file_bounds::connections) {
            return usage_error("'" + text + "': the number of connections must be from 1 to " +
                               std::to_string(file_bounds::connections));
        }
        options.connections = number;
    } else {
        options.connections = file.connections.value_or(options.connections);
    }
    if (const std::string text = chosen(typed.sandbox, "TUNNEL_SANDBOX"); !text.empty()) {
        const auto mode = sandbox::parse_mode(text);
        if (!mode) {
            return usage_error("'" + text + "': the sandbox is auto, required or off");
        }
        options.sandbox = *mode;
    } else {
        options.sandbox = file.sandbox.value_or(options.sandbox);
    }
    return {};
}

std::optional<fs::path> token_file(const Typed& typed) {
    return typed.token_file.empty() ? std::nullopt : std::optional<fs::path>(typed.token_file);
}

/// All but the token.
Result<RunOptions> settle(const Typed& typed) {
    RunOptions options;
    const auto file = read_config(typed.config);
    if (!file) {
        return std::unexpected(file.error());
    }
    if (!typed.config.empty()) {
        options.config = typed.config;
    }
    options.labels = file->labels;
    auto transport = merge_transport(typed.transport, *file);
    if (!transport) {
        return std::unexpected(std::move(transport.error()));
    }
    options.transport = std::move(*transport);
    for (const Result<>& step :
         {merge_labels(typed, options), merge_allow(typed, options), merge_values(typed, *file, options)}) {
        if (!step) {
            return std::unexpected(step.error());
        }
    }
    return options;
}

bool looks_like_token(std::string_view argument) {
    return argument.find("adit1_") != std::string_view::npos || argument == "--token" ||
           argument.starts_with("--token=");
}

void add_run_flags(CLI::App& run, Typed& typed) {
    run.add_option("--token-file", typed.token_file, "File that holds the token (or TUNNEL_TOKEN_FILE, TUNNEL_TOKEN)")
        ->type_name("FILE");
    run.add_option("--allow", typed.allow, "Target that may be dialled: HOST:PORT, *.suffix:PORT, CIDR:PORT (repeat)")
        ->allow_extra_args(false)
        ->type_name("PATTERN");
    run.add_option("--config", typed.config, "YAML file with the same settings; flags and environment win over it")
        ->type_name("FILE");
    run.add_option("--metrics", typed.metrics, "Address of /live, /ready, /metrics (or TUNNEL_METRICS)")
        ->type_name("HOST:PORT");
    run.add_option("--loglevel", typed.log_level, "trace, debug, info, warn or error (or TUNNEL_LOGLEVEL)")
        ->type_name("LEVEL");
    run.add_option("--grace-period", typed.grace_period, "Time for running streams at SIGTERM (or TUNNEL_GRACE_PERIOD)")
        ->type_name("DURATION");
    run.add_option("--connections", typed.connections, "Sessions to keep at least (or TUNNEL_CONNECTIONS)")
        ->type_name("NUMBER");
    run.add_option("--label", typed.labels, "NAME=VALUE shown by the connector (repeat)")
        ->allow_extra_args(false)
        ->type_name("NAME=VALUE");
    run.add_option("--sandbox", typed.sandbox,
                   "What is given up after the start: auto, required or off (or TUNNEL_SANDBOX)")
        ->type_name("MODE");
    add_transport_flags(run, typed.transport);
}

void add_output(CLI::App& command, Typed& typed) {
    command.add_option("--output", typed.output, "text or json")
        ->type_name("FORM")
        ->check(CLI::IsMember({"text", "json"}));
}

/// The verbs, which must live until the command line is parsed.
struct Verbs {
    CLI::App* run;
    CLI::App* diagnose;
    CLI::App* inspect;
    CLI::App* wireguard_conf;
    CLI::App* health;
    CLI::App* version;
};

Verbs define(CLI::App& app, Typed& typed) {
    app.require_subcommand(1);
    app.set_version_flag("--version", "adit-agent " ADIT_VERSION, "Print the version and exit");
    Verbs verbs{};
    verbs.run = app.add_subcommand("run", "Connect and serve until told to stop");
    add_run_flags(*verbs.run, typed);
    verbs.diagnose = app.add_subcommand(
        "diagnose", "Go the way of 'run' with the same options step by step, and say in words what to mend");
    add_run_flags(*verbs.diagnose, typed);
    add_output(*verbs.diagnose, typed);
    CLI::App* token = app.add_subcommand("token", "Look at tokens and use them elsewhere");
    token->require_subcommand(1);
    verbs.inspect = token->add_subcommand("inspect", "Show what is in a token, without its secret");
    verbs.inspect
        ->add_option("--token-file", typed.token_file, "File that holds the token; else TUNNEL_TOKEN or standard input")
        ->type_name("FILE");
    add_output(*verbs.inspect, typed);
    verbs.wireguard_conf = token->add_subcommand(
        "wireguard-conf", "Print a seat of a token as a wg-quick file, for other WireGuard clients; it holds secrets");
    verbs.wireguard_conf
        ->add_option("--token-file", typed.token_file, "File that holds the token; else TUNNEL_TOKEN or standard input")
        ->type_name("FILE");
    verbs.wireguard_conf->add_option("--seat", typed.seat, "Which seat; agents take them from the highest downwards")
        ->type_name("NUMBER");
    verbs.health = app.add_subcommand("healthcheck", "Ask a running agent whether it is ready (exit 0) or not (1)");
    verbs.health->add_option("--metrics", typed.metrics, "The running agent's address (or TUNNEL_METRICS)")
        ->type_name("HOST:PORT");
    verbs.version = app.add_subcommand("version", "Print the version");
    return verbs;
}

Result<RunOptions> run_options(const Typed& typed) {
    auto options = settle(typed);
    auto token = options ? read_token(token_file(typed), false) : std::unexpected(options.error());
    if (!token) {
        return std::unexpected(std::move(token.error()));
    }
    options->token = std::move(*token);
    return options;
}

Result<DiagnoseOptions> diagnose_options(const Typed& typed) {
    auto options = settle(typed);
    if (!options) {
        return std::unexpected(std::move(options.error()));
    }
    return DiagnoseOptions{std::move(*options), token_place(token_file(typed)), typed.output == "json"};
}

template <class T>
Options either(Result<T> settled) {
    return settled ? Options(std::move(*settled)) : Options(refuse(settled.error().message));
}

}  // namespace

Result<std::vector<std::string>> file_patterns(const fs::path& config) {
    auto file = read_config(config.string());
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    return std::move(file->allow);
}

Result<std::shared_ptr<const AllowList>> read_allow_list(const RunOptions& options) {
    std::vector<std::string> texts = options.allow;
    if (options.config) {
        auto more = file_patterns(*options.config);
        if (!more) {
            return std::unexpected(std::move(more.error()));
        }
        texts.insert(texts.end(), more->begin(), more->end());
    }
    std::vector<AllowPattern> patterns;
    for (const std::string& text : texts) {
        auto pattern = AllowPattern::parse(text);
        if (!pattern) {
            return std::unexpected(std::move(pattern.error()));
        }
        patterns.push_back(std::move(*pattern));
    }
    return std::make_shared<const AllowList>(std::move(patterns));
}

Options parse_options(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i) {
        if (looks_like_token(argv[i])) {
            return refuse(
                "a token on the command line can be read by every user of this machine; put it into a file and "
                "use --token-file, or set TUNNEL_TOKEN_FILE or TUNNEL_TOKEN (and rotate this one)");
        }
    }
    Typed typed;
    std::optional<std::string> printed;
    CLI::App app("Adit's agent: connects private hosts to a gateway through tunnels that it dials itself",
                 "adit-agent");
    app.failure_message(command::failure_message);
    const Verbs verbs = define(app, typed);
    command::add_manual_verbs(app, manual(), [&printed](std::string text) { printed = std::move(text); });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const int status = app.exit(error, out, err);
        return Leave{status == 0 ? 0 : 2, out.str(), err.str()};
    }
    if (printed) {
        return Leave{0, std::move(*printed), {}};
    }
    if (*verbs.version) {
        return VersionOptions();
    }
    if (*verbs.inspect) {
        return InspectOptions{token_file(typed), typed.output == "json"};
    }
    if (*verbs.wireguard_conf) {
        return WireGuardConfOptions{token_file(typed), typed.seat};
    }
    if (*verbs.health) {
        const std::string text = chosen(typed.metrics, "TUNNEL_METRICS");
        auto address = net::HostPort::parse(text.empty() ? "127.0.0.1:20241" : text);
        return address ? Options(HealthOptions{std::move(*address)}) : Options(refuse(address.error().message));
    }
    return *verbs.diagnose ? either(diagnose_options(typed)) : either(run_options(typed));
}

}  // namespace adit::agent
