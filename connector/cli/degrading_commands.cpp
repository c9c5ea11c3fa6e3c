// Asking the admin server about cache and functionality; see degrading_commands.h.
#include "connector/cli/degrading_commands.h"

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "connector/cli/admin_verbs.h"
#include "connector/credential/uri_encoding.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

struct DegradingArguments : AdminArguments {
    std::string route;
    std::string path_prefix;
};

std::string text(const json::object& of, std::string_view name) {
    const json::value* value = of.if_contains(name);
    return value == nullptr     ? std::string()
           : value->is_string() ? std::string(value->as_string())
                                : json::serialize(*value);
}

void print_cache(const json::object& told) {
    if (told.contains("purged")) {
        std::cout << "purged " << text(told, "purged") << '\n';
        return;
    }
    std::cout << "entries " << text(told, "entries") << " of " << text(told, "entries_most") << '\n'
              << "bytes   " << text(told, "bytes") << " of " << text(told, "bytes_most") << '\n'
              << "evicted " << text(told, "evicted") << '\n';
}

void print_reduction(const json::object& told) {
    std::cout << "functionality: " << (text(told, "reduced") == "true" ? "reduced" : "full") << '\n'
              << "switch: " << text(told, "switch") << '\n';
    for (const char* name : {"since", "why"}) {
        if (told.contains(name)) {
            std::cout << name << ": " << text(told, name) << '\n';
        }
    }
}

int purge(const DegradingArguments& arguments, const status::Target& admin) {
    std::string path = "/cache/purge";
    if (!arguments.route.empty()) {
        path += "/route/" + credential::uri_encode(arguments.route);
    } else if (!arguments.path_prefix.empty()) {
        path += "/prefix/" + credential::uri_encode(arguments.path_prefix);
    }
    return ask_admin(arguments, admin, "POST", path, print_cache);
}

}  // namespace

void add_degrading_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    const auto arguments = std::make_shared<DegradingArguments>();
    const AdminVerbs verbs(arguments, find_file, chosen);
    CLI::App* cache = app.add_subcommand("cache", "Look at the cache of a running connector, and empty it");
    cache->require_subcommand(1);
    verbs.add(*cache, "status", "Show how much is kept",
              [=](const status::Target& admin) { return ask_admin(*arguments, admin, "GET", "/cache", print_cache); });
    CLI::App* purge_command = verbs.add(*cache, "purge", "Drop all that is kept, or a part of it",
                                        [=](const status::Target& admin) { return purge(*arguments, admin); });
    CLI::Option* route = purge_command->add_option("--route", arguments->route, "Answers of this route alone");
    route->type_name("ROUTE");
    purge_command->add_option("--path-prefix", arguments->path_prefix, "Those alone whose path begins so")
        ->type_name("PATH")
        ->excludes(route);
    CLI::App* degrade = app.add_subcommand("degrade", "Have routes that are not essential answer 503, or not");
    degrade->require_subcommand(1);
    const auto add_position = [&](const char* position, const char* help) {
        verbs.add(*degrade, position, help, [=](const status::Target& admin) {
            return ask_admin(*arguments, admin, "POST", std::string("/degrade/") + position, print_reduction);
        });
    };
    verbs.add(*degrade, "status", "Show whether functionality is reduced, and why", [=](const status::Target& admin) {
        return ask_admin(*arguments, admin, "GET", "/degrade", print_reduction);
    });
    add_position("on", "Reduce functionality, until told otherwise or started anew");
    add_position("off", "Do not, whatever happens to essential backends, until told otherwise or started anew");
    add_position("auto", "Reduce it while an essential backend is under stress");
}

}  // namespace adit::cli
