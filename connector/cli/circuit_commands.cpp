// Asking the admin server about circuits; see circuit_commands.h.
#include "connector/cli/circuit_commands.h"

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "common/status/probe.h"
#include "connector/cli/admin_address.h"
#include "connector/cli/status_output.h"
#include "connector/credential/uri_encoding.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

struct CircuitArguments {
    std::string config;
    std::string admin;
    std::string output = "text";
    std::string name;
    bool quiet = false;

    bool as_json() const { return output == "json"; }
};

/// The object that the server answered with, whatever its status; an error when it is none.
Result<json::object> object_of(const status::Reply& reply) {
    boost::system::error_code unreadable;
    const json::value told = json::parse(reply.body, unreadable);
    return !unreadable && told.is_object() ? Result<json::object>(told.as_object())
                                           : failure("what answers there is no connector of this version");
}

int list(const CircuitArguments& arguments, const net::HostPort& admin) {
    const auto reply = status::ask(admin, "GET", "/circuits");
    if (!reply) {
        return report(reply.error());
    }
    const auto told = object_of(*reply);
    if (!told) {
        return report(told.error());
    }
    if (arguments.as_json()) {
        std::cout << reply->body;
    } else if (arguments.quiet) {
        for (const std::string& name : circuit_names(*told)) {
            std::cout << name << '\n';
        }
    } else {
        print_circuits(*told);
    }
    return 0;
}

int act(const CircuitArguments& arguments, const net::HostPort& admin, const char* action) {
    const auto reply = status::ask(admin, "POST", "/circuits/" + credential::uri_encode(arguments.name) + "/" + action);
    if (!reply) {
        return report(reply.error());
    }
    const auto told = object_of(*reply);
    if (!told) {
        return report(told.error());
    }
    if (arguments.as_json()) {
        std::cout << reply->body;
    } else if (reply->status == 200) {
        print_circuits({{"circuits", json::array{*told}}});
    } else {
        const json::value* error = told->if_contains("error");
        return report({error != nullptr && error->is_string() ? std::string(error->as_string()) : reply->body, false});
    }
    return reply->status == 200 ? 0 : 1;
}

}  // namespace

void add_circuit_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    const auto arguments = std::make_shared<CircuitArguments>();
    CLI::App* circuit = app.add_subcommand("circuit", "Look at the circuits of a running connector, and switch them");
    circuit->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, std::function<int(const net::HostPort&)> verb) {
        CLI::App* command = circuit->add_subcommand(name, help);
        add_config(*command, arguments->config);
        add_admin(*command, arguments->admin);
        add_output(*command, arguments->output);
        command->callback([=, &chosen] {
            chosen = [=] {
                const auto admin = admin_of(arguments->admin, arguments->config, find_file);
                return admin ? verb(*admin) : report(admin.error());
            };
        });
        return command;
    };
    add("list", "Show each circuit: its state, since when and why, and when it is tried next",
        [=](const net::HostPort& admin) { return list(*arguments, admin); })
        ->add_flag("--quiet", arguments->quiet, "Their names alone");
    const auto add_action = [&](const char* action, const char* help) {
        add(action, help, [=](const net::HostPort& admin) { return act(*arguments, admin, action); })
            ->add_option("circuit", arguments->name, "Its name, such as backend:payments")
            ->type_name("CIRCUIT")
            ->required();
    };
    add_action("open", "Let no call through, until told otherwise or started anew");
    add_action("close", "Let all calls through, whatever comes of them, until told otherwise or started anew");
    add_action("auto", "Let it decide by itself again; one that was opened begins with probes");
}

}  // namespace adit::cli
