// Showing keys and explaining trust; see issuer_commands.h. Nothing here makes, changes or prints a private key.
#include "connector/cli/issuer_commands.h"

#include <boost/json.hpp>
#include <iomanip>
#include <iostream>
#include <memory>

#include "common/base/strings.h"
#include "common/base/time.h"
#include "connector/cli/issuer_trust.h"
#include "connector/cli/options.h"
#include "connector/config/issuers.h"
#include "connector/config/load.h"
#include "connector/credential/issuer.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

struct IssuerArguments {
    std::string config;
    std::string output = "text";
    std::string issuer;
    std::string subject;
    std::string cloud;
};

Result<std::vector<config::Issuer>> issuers_meant(const config::Configuration& configuration, const std::string& name) {
    if (name.empty()) {
        return configuration.issuers.empty() ? usage_error("the configuration has no issuers")
                                             : Result<std::vector<config::Issuer>>(configuration.issuers);
    }
    std::vector<std::string> names;
    for (const config::Issuer& issuer : configuration.issuers) {
        if (issuer.name == name) {
            return std::vector{issuer};
        }
        names.push_back(issuer.name);
    }
    const auto meant = closest_match(name, names);
    return usage_error("there is no issuer '" + name + "'" + (meant ? "; did you mean '" + *meant + "'?" : ""));
}

// --- show ---

json::value time_or_null(const std::optional<WallTime>& time) {
    return time ? json::value(format_time(*time)) : json::value();
}

json::object standing_of(const config::Issuer& issuer, WallTime now) {
    credential::KeyDirectory directory(issuer.directory);
    json::object told{{"name", issuer.name},
                      {"url", config::issuer_url(issuer.url)},
                      {"directory", issuer.directory.string()},
                      {"writable", directory.writable()}};
    json::array problems;
    json::array keys;
    json::array wanted;
    if (const auto reading = directory.read(); !reading) {
        problems.emplace_back(reading.error().message);
    } else {
        std::vector<credential::KeyFacts> facts;
        for (const credential::StoredKey& stored : reading->keys) {
            facts.push_back(stored.facts);
        }
        for (const std::string& problem : reading->problems) {
            problems.emplace_back(problem);
        }
        const credential::KeyPlan plan = credential::plan_keys(facts, credential::key_settings(issuer), now);
        for (const credential::KeyStanding& one : plan.keys) {
            keys.push_back({{"kid", one.key.kid},
                            {"algorithm", jose::name(one.key.algorithm)},
                            {"state", credential::name(one.state)},
                            {"signs_from", format_time(one.key.signs_from)},
                            {"signs_until", time_or_null(one.signs_until)},
                            {"published_until", time_or_null(one.published_until)}});
        }
        for (const credential::KeyWanted& one : plan.wanted) {
            wanted.push_back({{"algorithm", jose::name(one.algorithm)},
                              {"make_at", format_time(one.make_at)},
                              {"signs_from", format_time(one.signs_from)}});
        }
    }
    told["keys"] = std::move(keys);
    told["next"] = std::move(wanted);
    told["problems"] = std::move(problems);
    return told;
}

std::string text(const json::object& of, std::string_view name) {
    const json::value& value = of.at(name);
    return value.is_null() ? "-" : std::string(value.as_string());
}

void print_standing(const json::object& issuer) {
    std::cout << "issuer " << text(issuer, "name") << ": " << text(issuer, "url") << "\n  keys in "
              << text(issuer, "directory") << (issuer.at("writable").as_bool() ? "" : " (read-only)") << '\n';
    for (const json::value& value : issuer.at("keys").as_array()) {
        const json::object& key = value.as_object();
        std::cout << "  " << std::left << std::setw(6) << text(key, "algorithm") << std::setw(8) << text(key, "state")
                  << " signs from " << text(key, "signs_from") << " until " << std::setw(20) << text(key, "signs_until")
                  << " published until " << std::setw(20) << text(key, "published_until") << ' ' << text(key, "kid")
                  << '\n';
    }
    for (const json::value& value : issuer.at("next").as_array()) {
        const json::object& next = value.as_object();
        std::cout << "  " << std::left << std::setw(6) << text(next, "algorithm") << "next is made at "
                  << text(next, "make_at") << " and signs from " << text(next, "signs_from") << '\n';
    }
    for (const json::value& problem : issuer.at("problems").as_array()) {
        std::cout << "  not used: " << std::string(problem.as_string()) << '\n';
    }
}

int show(const IssuerArguments& arguments, const config::Configuration& configuration) {
    const auto issuers = issuers_meant(configuration, arguments.issuer);
    if (!issuers) {
        return report(issuers.error());
    }
    json::array all;
    for (const config::Issuer& issuer : *issuers) {
        all.push_back(standing_of(issuer, std::chrono::system_clock::now()));
    }
    if (arguments.output == "json") {
        std::cout << json::serialize(json::object{{"issuers", std::move(all)}}) << '\n';
        return 0;
    }
    for (const json::value& issuer : all) {
        print_standing(issuer.as_object());
    }
    return 0;
}

// --- explain ---

void print_trust(const json::object& told) {
    std::cout << (told.contains("backend") ? "# for backend " + text(told, "backend") + "\n" : "")  //
              << "# issuer    " << text(told, "issuer") << "\n# subject   " << text(told, "subject") << "\n# audience  "
              << text(told, "audience") << '\n';
    for (const json::value& warning : told.at("warnings").as_array()) {
        std::cout << "# WARNING: " << std::string(warning.as_string()) << '\n';
    }
    for (const json::value& line : told.at("commands").as_array()) {
        std::cout << std::string(line.as_string()) << '\n';
    }
    for (const char* part : {"provider", "binding", "federated_credential", "oidc_provider", "trust_policy"}) {
        if (const json::value* value = told.if_contains(part)) {
            std::cout << "# " << part << ": " << json::serialize(*value) << '\n';
        }
    }
}

int explain(const IssuerArguments& arguments, const config::Configuration& configuration) {
    const Cloud cloud = arguments.cloud == "gcp" ? Cloud::gcp : arguments.cloud == "azure" ? Cloud::azure : Cloud::aws;
    auto issuers = issuers_meant(configuration, arguments.issuer);
    if (!issuers) {
        return report(issuers.error());
    }
    std::vector<Trust> trusts;
    for (const config::Issuer& issuer : *issuers) {
        for (Trust& trust : trusts_of(configuration, issuer, cloud, arguments.subject)) {
            // With several issuers, those that no backend of that cloud names are not meant.
            if (issuers->size() == 1 || !trust.backend.empty()) {
                trusts.push_back(std::move(trust));
            }
        }
    }
    if (trusts.empty()) {
        return report({"no backend names one of the issuers for this cloud; choose one by --issuer", true});
    }
    json::array all;
    for (const Trust& trust : trusts) {
        // A condition on the issuer alone would let everybody in whom it ever signs for.
        if (trust.subject.empty()) {
            return report({"which subject of issuer '" + trust.issuer + "' is to be trusted? give --subject", true});
        }
        all.push_back(explain_trust(trust, cloud));
    }
    if (arguments.output == "json") {
        std::cout << json::serialize(json::object{{"trusts", std::move(all)}}) << '\n';
        return 0;
    }
    for (const json::value& one : all) {
        print_trust(one.as_object());
    }
    return 0;
}

using Verb = int (*)(const IssuerArguments&, const config::Configuration&);

}  // namespace

void add_issuer_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    const auto arguments = std::make_shared<IssuerArguments>();
    CLI::App* issuer = app.add_subcommand("issuer", "Look at our issuers, and explain them to clouds");
    issuer->require_subcommand(1);
    const auto add = [&](const char* name, const char* help, Verb verb) {
        CLI::App* command = issuer->add_subcommand(name, help);
        add_config(*command, arguments->config);
        command->add_option("--issuer", arguments->issuer, "One of 'issuers'; all when left out")->type_name("NAME");
        add_output(*command, arguments->output);
        command->callback([=, &chosen] {
            chosen = [=] {
                const auto file = find_file(arguments->config);
                if (!file) {
                    return report(file.error());
                }
                const auto configuration = config::load(*file);
                if (!configuration) {
                    std::cerr << configuration.error().text_with_lines();
                    return 2;
                }
                return verb(*arguments, *configuration);
            };
        });
        return command;
    };
    add("show", "Show the keys of issuers: their states, and when each signs", show);
    CLI::App* explain_command = add("explain", "Print what a cloud must be told to trust an issuer", explain);
    explain_command->add_option("cloud", arguments->cloud, "gcp, azure or aws")
        ->type_name("CLOUD")
        ->required()
        ->check(CLI::IsMember({"gcp", "azure", "aws"}));
    explain_command->add_option("--subject", arguments->subject, "Whom to trust; as the backends say when left out")
        ->type_name("SUBJECT");
}

}  // namespace adit::cli
