// Reading configurations and asking running connectors; see operator_commands.h.
#include "connector/cli/operator_commands.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/config/document.h"
#include "common/config/effective.h"
#include "common/config/json_schema.h"
#include "common/status/probe.h"
#include "connector/cli/access_explanation.h"
#include "connector/cli/admin_verbs.h"
#include "connector/cli/explanation.h"
#include "connector/cli/options.h"
#include "connector/cli/status_output.h"
#include "connector/config/load.h"
#include "connector/config/table.h"
#include "connector/http/fields.h"
#include "connector/route/path.h"
#include "connector/route/router.h"
#include "connector/store/store.h"

namespace adit::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kWatchInterval = 1s;
constexpr auto kReloadPatience = 60s;  ///< a connector under load may take its time with tens of thousands of routes

struct OperatorArguments : AdminArguments {
    std::string method = "GET";
    std::string host;
    std::string path = "/";
    std::string consumer;
    std::string project;
    std::string environment;
    std::vector<std::string> headers;
    bool effective = false;
    bool watch = false;

    bool as_json() const { return output == "json"; }
};

/// A configuration that is checked; its errors go to standard error.
std::optional<config::Configuration> load(const std::filesystem::path& file) {
    auto configuration = config::load(file);
    if (!configuration) {
        std::cerr << configuration.error().text_with_lines();
        return std::nullopt;
    }
    return std::move(*configuration);
}

// --- schema, config show ---

int print_schema(const OperatorArguments&, const std::filesystem::path&) {
    const json::object schema =
        yaml::json_schema(config::configuration_table().schema(), "The configuration of adit-connector");
    std::cout << json::serialize(schema) << '\n';
    return 0;
}

int show_config(const OperatorArguments&, const std::filesystem::path& file) {
    if (!load(file)) {
        return 2;
    }
    yaml::Diagnostics ignored;  // load() has told all there is
    const auto root = yaml::load_document(file, yaml::process_environment(), ignored);
    std::cout << yaml::effective(*root, config::configuration_table().schema());
    return 0;
}

// --- explain ---

/// The field lines of --header "name: value"; views into the arguments.
Result<std::vector<http::Field>> fields_of(const std::vector<std::string>& headers) {
    std::vector<http::Field> fields;
    for (const std::string& line : headers) {
        const std::size_t colon = line.find(':');
        if (colon == 0 || colon == std::string::npos) {
            return usage_error("write --header 'name: value', not '" + line + "'");
        }
        const std::string_view name = std::string_view(line).substr(0, colon);
        fields.push_back({name, trim(std::string_view(line).substr(colon + 1)), http::known(name)});
    }
    return fields;
}

/// Who asks, the rules of services, and how the connector stands.
Result<Question> question_of(const OperatorArguments& arguments, const config::Configuration& configuration) {
    Question question;
    if (!arguments.consumer.empty()) {
        auto caller = caller_named(configuration, arguments.consumer, arguments.project, arguments.environment);
        if (!caller) {
            return std::unexpected(std::move(caller.error()));
        }
        question.caller = std::move(*caller);
    }
    if (configuration.tunnels) {
        auto loaded = Store(configuration.tunnels->directory).load_all();
        if (!loaded) {
            return std::unexpected(std::move(loaded.error()));
        }
        question.tunnels = std::move(*loaded);
    }
    question.live = Live::ask(configuration);
    return question;
}

int explain(const OperatorArguments& arguments, const std::filesystem::path& file) {
    const auto configuration = load(file);
    if (!configuration) {
        return 2;
    }
    const std::string_view target = arguments.path;
    std::string scratch;
    const auto path = route::normalise_path(target.substr(0, target.find('?')), scratch);
    if (!path) {
        return report({"the path is refused: " + std::string(route::describe(path.error())), true});
    }
    auto fields = fields_of(arguments.headers);
    if (!fields) {
        return report(fields.error());
    }
    const route::Router router(configuration->routes);
    http::RequestHead request;
    request.method = arguments.method;
    request.query = target.substr(std::min(target.find('?'), target.size()));
    request.fields = std::move(*fields);
    const route::Route* found = router.match(arguments.host, *path, request);
    if (found == nullptr) {
        if (arguments.as_json()) {
            std::cout << json::serialize(json::object{{"route", nullptr}, {"path", *path}}) << '\n';
        } else {
            std::cout << "no route: " << arguments.method << ' ' << arguments.host << *path
                      << " is answered with 404\n";
        }
        return 1;
    }
    auto question = question_of(arguments, *configuration);
    if (!question) {
        return report(question.error());
    }
    question->host = arguments.host;
    question->path = *path;
    const json::object told = explanation(*configuration, router, *found, *question);
    if (arguments.as_json()) {
        std::cout << json::serialize(told) << '\n';
    } else {
        print_explanation(told);
    }
    return 0;
}

// --- status, reload ---

int ask_status(const OperatorArguments& arguments, const status::Target& admin) {
    const auto body = status::get(admin, "/status");
    if (!body) {
        return report(body.error());
    }
    boost::system::error_code unreadable;
    const json::value told = json::parse(*body, unreadable);
    const json::value* ready = told.is_object() ? told.as_object().if_contains("ready") : nullptr;
    if (unreadable || ready == nullptr || !ready->is_bool()) {
        return report({"what answers at " + admin.text() + " is no connector of this version", false});
    }
    if (arguments.as_json()) {
        std::cout << *body;
    } else {
        print_status(told.as_object());
    }
    return ready->as_bool() ? 0 : 1;
}

int show_status(const OperatorArguments& arguments, const status::Target& admin) {
    int status = 0;
    boost::asio::io_context context;
    boost::asio::steady_timer pause(context);
    do {
        if (arguments.watch && !arguments.as_json()) {
            // Home, and clear: past what keeps others from such words.
            static_cast<void>(std::fputs("\x1b[H\x1b[2J", stdout));
        }
        status = ask_status(arguments, admin);
        std::cout.flush();
        if (arguments.watch) {
            pause.expires_after(kWatchInterval);
            pause.wait();
        }
    } while (arguments.watch);
    return status;
}

/// What the connector would refuse is told here with its places, whether the connector runs or not; of one that --admin
/// names, the file may be elsewhere.
int reload(const OperatorArguments& arguments, const FindFile& find_file) {
    if (arguments.admin.address.empty() || !arguments.config.empty()) {
        const auto file = find_file(arguments.config);
        if (!file) {
            return report(file.error());
        }
        if (!load(*file)) {
            return 2;
        }
    }
    const auto admin = admin_of(arguments.admin, arguments.config, find_file);
    if (!admin) {
        return report(admin.error());
    }
    return ask_admin(
        arguments, *admin, "POST", "/reload", [](const json::object&) { std::cout << "reloaded\n"; }, kReloadPatience);
}

using Verb = int (*)(const OperatorArguments&, const std::filesystem::path&);

/// Needs no configuration where --admin says whom to ask.
void add_status_command(CLI::App& app, const std::shared_ptr<OperatorArguments>& arguments, const FindFile& find_file,
                        std::function<int()>& chosen) {
    CLI::App* command = app.add_subcommand("status", "Show a running connector: listeners, sessions, routes, backends");
    add_config(*command, arguments->config);
    add_admin(*command, arguments->admin);
    add_output(*command, arguments->output);
    command->add_flag("--watch", arguments->watch, "Show it again every second");
    command->callback([=, &chosen] {
        chosen = [=] {
            const auto admin = admin_of(arguments->admin, arguments->config, find_file);
            return admin ? show_status(*arguments, *admin) : report(admin.error());
        };
    });
}

/// Likewise.
void add_reload_command(CLI::App& app, const std::shared_ptr<OperatorArguments>& arguments, const FindFile& find_file,
                        std::function<int()>& chosen) {
    CLI::App* command = app.add_subcommand("reload", "Let a running connector read its configuration anew");
    add_config(*command, arguments->config);
    add_output(*command, arguments->output);
    add_admin(*command, arguments->admin);
    command->callback([=, &chosen] { chosen = [=] { return reload(*arguments, find_file); }; });
}

}  // namespace

void add_operator_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    const auto arguments = std::make_shared<OperatorArguments>();
    const auto add = [&](CLI::App& under, const char* name, const char* help, Verb verb, bool needs_file) {
        CLI::App* command = under.add_subcommand(name, help);
        if (needs_file) {
            add_config(*command, arguments->config);
        }
        command->callback([=, &chosen] {
            chosen = [=] {
                const auto file = needs_file ? find_file(arguments->config) : std::filesystem::path();
                return file ? verb(*arguments, *file) : report(file.error());
            };
        });
        return command;
    };
    const auto with_output = [&](CLI::App* command) {
        add_output(*command, arguments->output);
        return command;
    };
    add(app, "schema", "Print the JSON Schema of the configuration, for editors", print_schema, false);
    CLI::App* config = app.add_subcommand("config", "Look at a configuration");
    config->require_subcommand(1);
    add(*config, "show",
        "Print the configuration as it counts: files merged, defaults filled in, references unresolved", show_config,
        true)
        ->add_flag("--effective", arguments->effective, "The same; there is no other view");
    CLI::App* explain_command = with_output(
        add(app, "explain", "Say what a request would do now: its way, and what counts there", explain, true));
    explain_command->add_option("--method", arguments->method, "The request's method")->type_name("METHOD");
    explain_command->add_option("--host", arguments->host, "The request's host")->type_name("HOST");
    explain_command->add_option("--path", arguments->path, "The request's path")->type_name("PATH");
    explain_command->add_option("--header", arguments->headers, "A field of the request, \"name: value\"; repeatable")
        ->type_name("FIELD");
    explain_command->add_option("--consumer", arguments->consumer, "Who asks; anonymous is who shows nothing")
        ->type_name("NAME");
    explain_command->add_option("--project", arguments->project, "The caller's project; as configured when left out")
        ->type_name("NAME");
    explain_command->add_option("--environment", arguments->environment, "The environment that it calls from")
        ->type_name("NAME");
    add_status_command(app, arguments, find_file, chosen);
    add_reload_command(app, arguments, find_file, chosen);
}

}  // namespace adit::cli
