// Asking the admin server about circuits; see circuit_commands.h.
#include "connector/cli/circuit_commands.h"

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "connector/cli/admin_verbs.h"
#include "connector/cli/status_output.h"
#include "connector/credential/uri_encoding.h"

namespace adit::cli {
namespace {

struct CircuitArguments : AdminArguments {
    std::string name;
    bool quiet = false;
};

int list(const CircuitArguments& arguments, const status::Target& admin) {
    return ask_admin(arguments, admin, "GET", "/circuits", [&](const boost::json::object& told) {
        if (!arguments.quiet) {
            return print_circuits(told);
        }
        for (const std::string& name : circuit_names(told)) {
            std::cout << name << '\n';
        }
    });
}

int act(const CircuitArguments& arguments, const status::Target& admin, const char* action) {
    return ask_admin(arguments, admin, "POST", "/circuits/" + credential::uri_encode(arguments.name) + "/" + action,
                     [](const boost::json::object& told) { print_circuits({{"circuits", boost::json::array{told}}}); });
}

}  // namespace

void add_circuit_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    const auto arguments = std::make_shared<CircuitArguments>();
    CLI::App* circuit = app.add_subcommand("circuit", "Look at the circuits of a running connector, and switch them");
    circuit->require_subcommand(1);
    const AdminVerbs verbs(arguments, find_file, chosen);
    verbs
        .add(*circuit, "list", "Show each circuit: its state, since when and why, and when it is tried next",
             [=](const status::Target& admin) { return list(*arguments, admin); })
        ->add_flag("--quiet", arguments->quiet, "Their names alone");
    const auto add_action = [&](const char* action, const char* help) {
        verbs.add(*circuit, action, help, [=](const status::Target& admin) { return act(*arguments, admin, action); })
            ->add_option("circuit", arguments->name, "Its name, such as backend:payments")
            ->type_name("CIRCUIT")
            ->required();
    };
    add_action("open", "Let no call through, until told otherwise or started anew");
    add_action("close", "Let all calls through, whatever comes of them, until told otherwise or started anew");
    add_action("auto", "Let it decide by itself again; one that was opened begins with probes");
}

}  // namespace adit::cli
