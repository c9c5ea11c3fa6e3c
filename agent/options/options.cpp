// Parsing with CLI11 and merging of the sources; see options.h.
#include "agent/options/options.h"

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "agent/allow/allow_list.h"
#include "agent/config/file_config.h"
#include "common/base/file.h"
#include "common/base/strings.h"
#include "common/base/time.h"

namespace adit::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTokenMost = 64 * 1024;  ///< bytes of a file that may be a token
constexpr const char* kNoToken =
    "no token: put it into a file and name it with --token-file or TUNNEL_TOKEN_FILE, or set TUNNEL_TOKEN. "
    "'adit-connector tunnel create NAME' on the gateway side makes one";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

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
    std::string output = "text";
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
        return usage_error("the configuration cannot be used:\n" + file.error().text());
    }
    return std::move(*file);
}

/// The first of flag and environment that is set.
std::string chosen(const std::string& flag, const char* variable) {
    return flag.empty() ? environment(variable) : flag;
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
    return {};
}

Result<> check_transport() {
    const std::string transport = environment("TUNNEL_TRANSPORT_PROTOCOL");
    if (transport.empty() || transport == "auto" || transport == "tls") {
        return {};
    }
    if (transport == "wireguard") {
        return usage_error("TUNNEL_TRANSPORT_PROTOCOL=wireguard is not available in this version; use tls or auto");
    }
    return usage_error("TUNNEL_TRANSPORT_PROTOCOL=" + transport + " is not known; use tls or auto");
}

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
    for (const Result<>& step : {check_transport(), merge_labels(typed, options), merge_allow(typed, options),
                                 merge_values(typed, *file, options)}) {
        if (!step) {
            return std::unexpected(step.error());
        }
    }
    auto token = read_token(typed.token_file.empty() ? std::nullopt : std::optional<fs::path>(typed.token_file), false);
    if (!token) {
        return std::unexpected(std::move(token.error()));
    }
    options.token = std::move(*token);
    return options;
}

bool looks_like_token(std::string_view argument) {
    return argument.find("adit1_") != std::string_view::npos || argument == "--token" ||
           argument.starts_with("--token=");
}

void add_run_flags(CLI::App& run, Typed& typed) {
    run.add_option("--token-file", typed.token_file, "File that holds the token (or TUNNEL_TOKEN_FILE, TUNNEL_TOKEN)");
    run.add_option("--allow", typed.allow, "Target that may be dialled: HOST:PORT, *.suffix:PORT, CIDR:PORT (repeat)")
        ->allow_extra_args(false);
    run.add_option("--config", typed.config, "YAML file with allow, connections, labels, metrics, log, grace_period");
    run.add_option("--metrics", typed.metrics, "Address of /live, /ready, /metrics (or TUNNEL_METRICS)");
    run.add_option("--loglevel", typed.log_level, "trace, debug, info, warn or error (or TUNNEL_LOGLEVEL)");
    run.add_option("--grace-period", typed.grace_period,
                   "Time for running streams at SIGTERM (or TUNNEL_GRACE_PERIOD)");
    run.add_option("--connections", typed.connections, "Sessions to keep at least (or TUNNEL_CONNECTIONS)");
    run.add_option("--label", typed.labels, "NAME=VALUE shown by the connector (repeat)")->allow_extra_args(false);
}

/// Standard input to its end, with the bound of a token file.
Result<Secret> token_from_stdin() {
    std::string text;
    std::array<char, 4096> part;
    while (std::cin.read(part.data(), part.size()), std::cin.gcount() > 0) {
        text.append(part.data(), static_cast<std::size_t>(std::cin.gcount()));
        if (text.size() > kTokenMost) {
            return usage_error("what came on standard input is too long for a token");
        }
    }
    return Secret(std::move(text));
}

}  // namespace

Result<Secret> read_token(const std::optional<fs::path>& file, bool or_stdin) {
    std::string from_environment = environment("TUNNEL_TOKEN");
    const std::string named = environment("TUNNEL_TOKEN_FILE");
    if (!file && !from_environment.empty()) {
        return Secret(std::move(from_environment));
    }
    if (file || !named.empty()) {
        const fs::path path = file ? *file : fs::path(named);
        auto content = read_file(path, kTokenMost);
        if (!content) {
            return std::unexpected(std::move(content.error()).with("read the token"));
        }
        struct stat facts{};
        if (::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & 077) != 0) {
            logging::warn("the token file can be read by other users; chmod 600 it", {{"file", path.string()}});
        }
        return Secret(std::move(*content));
    }
    if (or_stdin) {
        return token_from_stdin();
    }
    return usage_error(kNoToken);
}

Result<std::vector<std::string>> file_patterns(const fs::path& config) {
    auto file = read_config(config.string());
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    return std::move(file->allow);
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
    CLI::App app("Adit's agent: connects private hosts to a gateway through tunnels that it dials itself",
                 "adit-agent");
    app.require_subcommand(1);
    CLI::App* run = app.add_subcommand("run", "Connect and serve until told to stop");
    add_run_flags(*run, typed);
    CLI::App* token = app.add_subcommand("token", "Look at tokens");
    token->require_subcommand(1);
    CLI::App* inspect = token->add_subcommand("inspect", "Show what is in a token, without its secret");
    inspect->add_option("--token-file", typed.token_file,
                        "File that holds the token; else TUNNEL_TOKEN or standard input");
    inspect->add_option("--output", typed.output, "text or json")->check(CLI::IsMember({"text", "json"}));
    CLI::App* health = app.add_subcommand("healthcheck", "Ask a running agent whether it is ready (exit 0) or not (1)");
    health->add_option("--metrics", typed.metrics, "The running agent's address (or TUNNEL_METRICS)");
    CLI::App* version = app.add_subcommand("version", "Print the version");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const int status = app.exit(error, out, err);
        return Leave{status == 0 ? 0 : 2, out.str(), err.str()};
    }
    if (*version) {
        return VersionOptions();
    }
    if (*inspect) {
        return InspectOptions{typed.token_file.empty() ? std::nullopt : std::optional<fs::path>(typed.token_file),
                              typed.output == "json"};
    }
    if (*health) {
        const std::string text = chosen(typed.metrics, "TUNNEL_METRICS");
        auto address = net::HostPort::parse(text.empty() ? "127.0.0.1:20241" : text);
        return address ? Options(HealthOptions{std::move(*address)}) : Options(refuse(address.error().message));
    }
    auto settled = settle(typed);
    return settled ? Options(std::move(*settled)) : Options(refuse(settled.error().message));
}

}  // namespace adit::agent
