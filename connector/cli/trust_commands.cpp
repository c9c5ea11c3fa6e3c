// Asking rules, making keys; see trust_commands.h.
#include "connector/cli/trust_commands.h"

#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "common/base/encoding.h"
#include "common/base/random.h"
#include "common/config/collections.h"
#include "common/config/suggest.h"
#include "common/tls/key.h"
#include "connector/cli/access_explanation.h"
#include "connector/cli/options.h"
#include "connector/config/load.h"
#include "connector/store/store.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kKeyLength = 43;  ///< of base62: 256 bits

struct TrustArguments {
    std::string config;
    std::string output = "text";
    std::string consumer;
    std::string project;
    std::string environment;
    std::string service;
    std::string route;

    bool as_json() const { return output == "json"; }
};

Result<std::size_t> find_route(const config::Configuration& configuration, const std::string& name) {
    std::vector<std::string> names;
    for (const config::RouteRule& rule : configuration.routes) {
        if (rule.name == name) {
            return names.size();
        }
        names.push_back(rule.name);
    }
    return usage_error("there is no route '" + name + "'" + yaml::did_you_mean(name, names) +
                       " (routes: " + yaml::listing(names, 10) + ")");
}

Result<AccessAnswer> find(const config::Configuration& configuration, const TrustArguments& arguments,
                          const access::Caller& caller) {
    std::vector<TunnelRecord> tunnels;
    if (configuration.tunnels) {
        auto loaded = Store(configuration.tunnels->directory).load_all();
        if (!loaded) {
            return std::unexpected(std::move(loaded.error()));
        }
        tunnels = std::move(*loaded);
    }
    if (!arguments.service.empty()) {
        return explain_service(configuration, tunnels, caller, arguments.service);
    }
    const auto route = find_route(configuration, arguments.route);
    if (!route) {
        return std::unexpected(route.error());
    }
    return explain_route(configuration, tunnels, caller, *route);
}

int explain_access(const TrustArguments& arguments, const std::filesystem::path& file) {
    if (arguments.service.empty() == arguments.route.empty()) {
        return report({"give --service NAME or --route NAME", true});
    }
    const auto configuration = config::load(file);
    if (!configuration) {
        std::cerr << configuration.error().text_with_lines();
        return 2;
    }
    const auto caller = caller_named(*configuration, arguments.consumer, arguments.project, arguments.environment);
    if (!caller) {
        return report(caller.error());
    }
    const auto answer = find(*configuration, arguments, *caller);
    if (!answer) {
        return report({answer.error().message, true});
    }
    if (arguments.as_json()) {
        json::array list;
        for (const AccessFinding& one : answer->findings) {
            list.push_back(json::object{{"what", one.what}, {"allowed", one.allowed}, {"reason", one.reason}});
        }
        std::cout << json::serialize(json::object{{"consumer", caller->consumer},
                                                  {"project", caller->project},
                                                  {"environment", caller->environment},
                                                  {"enforced", configuration->enforces_access},
                                                  {"allowed", answer->allowed},
                                                  {"findings", std::move(list)}})
                  << '\n';
    } else {
        for (const AccessFinding& one : answer->findings) {
            std::cout << (one.allowed ? "allowed" : "denied") << "  " << one.what << ": " << one.reason << '\n';
        }
    }
    return answer->allowed ? 0 : 1;
}

/// The only time that the key is seen: what is kept is its digest.
int new_key(const TrustArguments& arguments) {
    if (!yaml::is_name(arguments.consumer)) {
        return report({"a consumer's name has 1 to 64 letters, digits, '-', '_' and '.'", true});
    }
    const std::string key = "adit_" + random_base62(kKeyLength);
    const auto digest = tls::sha256({reinterpret_cast<const std::uint8_t*>(key.data()), key.size()});
    const std::string hashed = "sha256:" + hex_encode(digest);
    const std::string id = hex_encode(std::span(digest).first(3));
    if (arguments.as_json()) {
        std::cout << json::serialize(
                         json::object{{"consumer", arguments.consumer}, {"key", key}, {"sha256", hashed}, {"id", id}})
                  << '\n';
        return 0;
    }
    std::cout << key << '\n';
    std::cerr << "This key is shown once. Among the api_keys of consumer " << arguments.consumer << ", write:\n"
              << "  - { sha256: \"" << hashed << "\", id: \"" << id << "\" }\n";
    return 0;
}

}  // namespace

void add_trust_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    const auto arguments = std::make_shared<TrustArguments>();
    const auto with_output = [&](CLI::App* command) { add_output(*command, arguments->output); };
    CLI::App* access = app.add_subcommand("access", "Look at who may use what");
    access->require_subcommand(1);
    CLI::App* explain =
        access->add_subcommand("explain", "Say whether a consumer may use a service or a route, and by which rule");
    add_config(*explain, arguments->config);
    explain->add_option("--consumer", arguments->consumer, "The caller's name; anonymous is who shows nothing")
        ->type_name("NAME")
        ->required();
    explain->add_option("--project", arguments->project, "The caller's project; as configured when left out")
        ->type_name("NAME");
    explain->add_option("--environment", arguments->environment, "The environment that it calls from")
        ->type_name("NAME");
    explain->add_option("--service", arguments->service, "The service that is called")->type_name("NAME");
    explain->add_option("--route", arguments->route, "The route that is called")->type_name("NAME");
    with_output(explain);
    explain->callback([=, &chosen] {
        chosen = [=] {
            const auto file = find_file(arguments->config);
            return file ? explain_access(*arguments, *file) : report(file.error());
        };
    });
    CLI::App* consumer = app.add_subcommand("consumer", "Make credentials of consumers");
    consumer->require_subcommand(1);
    CLI::App* key = consumer->add_subcommand("new-key", "Make an API key, shown once, and the line that knows it");
    key->add_option("name", arguments->consumer, "The consumer's name")->type_name("NAME")->required();
    with_output(key);
    key->callback([=, &chosen] { chosen = [=] { return new_key(*arguments); }; });
}

}  // namespace adit::cli
