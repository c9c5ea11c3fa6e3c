// Trying credentials without a running connector; see credential_commands.h.
#include "connector/cli/credential_commands.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

#include "common/base/random.h"
#include "common/log/log.h"
#include "common/net/spawn.h"
#include "connector/cli/options.h"
#include "connector/config/issuers.h"
#include "connector/config/load.h"
#include "connector/credential/make.h"

namespace adit::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kPatience = 60s;

/// What came of one credential.
struct Outcome {
    std::expected<void, problem::Failure> done;
    backend::Attached attached;
};

net::Task<> attach(std::shared_ptr<backend::Credential> credential, std::string authority, net::Worker& worker,
                   Outcome& outcome) {
    http::RequestHead request;
    request.method = "GET";
    request.target = request.path = "/";
    const backend::Occasion occasion{.request = request,
                                     .authority = authority,
                                     .path = "/",
                                     .route = "credential test",
                                     .request_id = "credential-test",
                                     .tls = true,  // nothing leaves
                                     .loop = worker.loop(),
                                     .deadline = net::Clock::now() + kPatience};
    outcome.done = co_await credential->attach(occasion, outcome.attached);
    worker.stop();
}

/// The part of a JWT that says something; what is no JWT is not shown at all.
json::value shown(const std::string& value) {
    const std::size_t blank = value.rfind(' ');
    const std::string_view token = std::string_view(value).substr(blank == std::string::npos ? 0 : blank + 1);
    if (auto claims = credential::unverified_claims(token)) {
        return std::move(*claims);
    }
    return json::string(std::to_string(value.size()) + " characters that are not shown");
}

json::object told(const backend::Credential& credential, const Outcome& outcome) {
    const backend::CredentialStanding standing = credential.standing();
    json::object result{{"kind", standing.kind}, {"ok", outcome.done.has_value()}};
    if (!outcome.done) {
        result["reason"] = standing.trouble.empty() ? outcome.done.error().detail : standing.trouble;
        return result;
    }
    if (standing.expires) {
        result["expires"] = format_time(*standing.expires);
    }
    json::object fields;
    for (const auto& [name, value] : outcome.attached.fields) {
        fields[name] = shown(value);
    }
    result["fields"] = std::move(fields);
    return result;
}

void print(const json::object& one) {
    const auto text = [&one](std::string_view name) {
        const json::value* value = one.if_contains(name);
        return value == nullptr ? std::string() : std::string(value->as_string());
    };
    std::cout << text("kind") << ": ";
    if (!one.at("ok").as_bool()) {
        std::cout << "failed: " << text("reason") << '\n';
        return;
    }
    std::cout << "good" << (text("expires").empty() ? "" : ", until " + text("expires")) << '\n';
    for (const auto& [name, value] : one.at("fields").as_object()) {
        std::cout << "  " << name << ": " << (value.is_string() ? std::string(value.as_string()) : "") << '\n';
        if (value.is_object()) {
            for (const auto& [claim, is] : value.as_object()) {
                std::cout << "    " << claim << ": " << json::serialize(is) << '\n';
            }
        }
    }
}

/// A client certificate is shown in the handshake: there is nothing to fetch.
bool has_nothing(const config::Backend& backend, const backend::Credentials& credentials) {
    return credentials.empty() && backend.tls.certificate.empty();
}

std::string authority_of(const config::Backend& backend) {
    return backend.endpoints.front().host.empty() ? "localhost" : backend.endpoints.front().host;
}

/// Those that the backend's credential names, as they are: a test leaves no keys behind.
Result<credential::Issuers> open_issuers(const config::Configuration& configuration, const config::Backend& backend) {
    credential::Issuers issuers;
    const auto uses = config::issuer_uses(backend);
    for (const config::Issuer& settings : configuration.issuers) {
        if (std::ranges::find(uses, settings.name, &config::IssuerUse::issuer) == uses.end()) {
            continue;
        }
        auto issuer =
            credential::Issuer::open(settings, std::chrono::system_clock::now(), credential::Issuer::Upkeep::no);
        if (!issuer) {
            return std::unexpected(std::move(issuer.error()));
        }
        issuers.emplace(settings.name, std::move(*issuer));
    }
    return issuers;
}

/// Each by itself, on a loop of our own.
Result<json::array> try_all(const config::Configuration& configuration, const config::Backend& backend) {
    const auto issuers = open_issuers(configuration, backend);
    if (!issuers) {
        return std::unexpected(issuers.error());
    }
    net::Resolver resolver;
    fetch::Desk desk(resolver);
    net::Worker worker(0);
    desk.open(worker, {});
    json::array all;
    {
        auto credentials = credential::make_credentials(backend, {desk, *issuers, "adit-" + random_base62(8)}, nullptr);
        if (!credentials) {
            return std::unexpected(std::move(credentials.error()));
        }
        if (has_nothing(backend, *credentials)) {
            return failure("backend '" + backend.name + "' has no credential");
        }
        for (const auto& credential : *credentials) {
            Outcome outcome;
            net::spawn(worker.context(), "a credential", attach(credential, authority_of(backend), worker, outcome));
            worker.context().restart();
            worker.run();
            all.push_back(told(*credential, outcome));
        }
        worker.finish();
    }
    desk.close();
    if (!backend.tls.certificate.empty()) {
        all.push_back(json::object{{"kind", "mtls"}, {"ok", true}, {"fields", json::object()}});
    }
    return all;
}

struct Arguments {
    std::string config;
    std::string backend;
    std::string output = "text";
};

int test(const Arguments& arguments, const std::filesystem::path& file) {
    const auto configuration = config::load(file);
    if (!configuration) {
        std::cerr << configuration.error().text_with_lines();
        return 2;
    }
    logging::set_up(logging::Level::error, logging::Format::text);
    const auto backend = std::ranges::find(configuration->backends, arguments.backend, &config::Backend::name);
    if (backend == configuration->backends.end()) {
        return report({"there is no backend '" + arguments.backend + "'", true});
    }
    const auto all = try_all(*configuration, *backend);
    if (!all) {
        return report(all.error());
    }
    if (arguments.output == "json") {
        std::cout << json::serialize(*all) << '\n';
    } else {
        std::ranges::for_each(*all, [](const json::value& one) { print(one.as_object()); });
    }
    const bool good = std::ranges::all_of(*all, [](const json::value& one) { return one.at("ok").as_bool(); });
    return good ? 0 : 1;
}

}  // namespace

void add_credential_commands(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    CLI::App* credential = app.add_subcommand("credential", "Look at the credentials of backends");
    credential->require_subcommand(1);
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = credential->add_subcommand(
        "test", "Fetch a backend's credentials here and now, and show what they say; not through tunnels");
    command->add_option("backend", arguments->backend, "The backend's name")->type_name("BACKEND")->required();
    add_config(*command, arguments->config);
    add_output(*command, arguments->output);
    command->callback([=, &chosen] {
        chosen = [=] {
            const auto file = find_file(arguments->config);
            return file ? test(*arguments, *file) : report(file.error());
        };
    });
}

}  // namespace adit::cli
