// The tunnel verbs; see tunnel_commands.h. Answers go to standard output, everything else to standard error.
#include "connector/cli/tunnel_commands.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iomanip>
#include <iostream>

#include "common/base/file.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "common/token/token.h"
#include "connector/cli/audit_trail.h"
#include "connector/cli/new_key.h"
#include "connector/cli/options.h"
#include "connector/cli/tunnel_output.h"
#include "connector/store/store.h"

namespace adit::cli {
namespace {

constexpr std::size_t kServicesMost = 16 * 1024 * 1024;  ///< bytes of a file of services

namespace json = boost::json;
using Arguments = std::shared_ptr<TunnelArguments>;

/// The tunnel that the arguments name, by position or by --tunnel-id.
Result<std::string> tunnel_of(const TunnelArguments& arguments) {
    if (!arguments.name.empty() && !arguments.tunnel_id.empty()) {
        return usage_error("name the tunnel once, by its name or by --tunnel-id");
    }
    const std::string& name = arguments.name.empty() ? arguments.tunnel_id : arguments.name;
    return name.empty() ? Result<std::string>(usage_error("which tunnel? give its name or id")) : name;
}

Result<std::optional<WallTime>> expiry(const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    const auto duration = parse_duration(text);
    if (!duration) {
        return std::unexpected(duration.error());
    }
    return std::chrono::system_clock::now() + *duration;
}

Result<NewKey> make_key(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto expires = expiry(arguments.expires);
    return expires ? NewKey::make({arguments.connect, arguments.connect_wireguard, *expires}, settings)
                   : std::unexpected(expires.error());
}

/// The tunnels' files; keys with WireGuard get addresses of the configured network.
Store store_of(const config::TunnelSettings& settings) {
    return Store(settings.directory, settings.wireguard ? std::optional(settings.wireguard->network) : std::nullopt);
}

/// With a line in the audit log for each.
Result<TunnelRecord> change(const config::TunnelSettings& settings, const char* what,
                            const std::function<Result<TunnelRecord>(Store&)>& act) {
    return change_tunnels(store_of(settings), AuditTrail(settings.audit), what, act);
}

void print_token(const TunnelArguments& arguments, const TunnelRecord& record, NewKey& key) {
    const std::string text = token::format(key.complete(record));
    if (arguments.output == "json") {
        json::object object{{"id", record.id}, {"name", record.name}, {"key", key.record().id}, {"token", text}};
        if (key.record().expires) {
            object["expires"] = format_time(*key.record().expires);
        }
        std::cout << json::serialize(object) << '\n';
        return;
    }
    std::cerr << "tunnel " << record.name << " (" << record.id << "), key " << key.record().id
              << "; the token follows once, on standard output:\n";
    std::cout << text << '\n';
}

int create(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    if (!valid_name(arguments.name)) {
        return report(
            {"'" + arguments.name + "' is not a tunnel name: lower-case letters, digits and inner dashes, at most 63",
             true});
    }
    auto key = make_key(arguments, settings);
    if (!key) {
        return report(key.error());
    }
    const auto record = change(settings, "tunnel create", [&](Store& store) {
        return store.create(
            {"tnl_" + random_base62(24), arguments.name, std::chrono::system_clock::now(), {key->record()}, {}});
    });
    if (!record) {
        return report(record.error());
    }
    print_token(arguments, *record, *key);
    return 0;
}

int list(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto records = store_of(settings).load_all();
    if (!records) {
        return report(records.error());
    }
    if (arguments.output == "json") {
        json::array tunnels;
        for (const TunnelRecord& record : *records) {
            tunnels.push_back(to_json(record));
        }
        std::cout << json::serialize(json::object{{"tunnels", std::move(tunnels)}}) << '\n';
        return 0;
    }
    if (arguments.quiet) {
        for (const TunnelRecord& record : *records) {
            std::cout << record.name << '\n';
        }
        return 0;
    }
    print(*records);
    return 0;
}

int show(const TunnelArguments& arguments, const TunnelRecord& record) {
    if (arguments.output == "json") {
        std::cout << json::serialize(to_json(record)) << '\n';
    } else {
        print(record);
    }
    return 0;
}

int describe(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto name = tunnel_of(arguments);
    const auto record = name ? store_of(settings).find(*name) : std::unexpected(name.error());
    return record ? show(arguments, *record) : report(record.error());
}

int rotate(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto name = tunnel_of(arguments);
    const auto old_end = expiry(arguments.expire_old);
    if (!name || !old_end) {
        return report(name ? old_end.error() : name.error());
    }
    auto key = make_key(arguments, settings);
    if (!key) {
        return report(key.error());
    }
    const auto add_key = [&](TunnelRecord& tunnel) -> Result<> {
        for (KeyRecord& old : tunnel.keys) {
            if (*old_end && (!old.expires || *old.expires > **old_end)) {
                old.expires = *old_end;
            }
        }
        tunnel.keys.push_back(key->record());
        return {};
    };
    const auto record =
        change(settings, "tunnel rotate-token", [&](Store& store) { return store.update(*name, add_key); });
    if (!record) {
        return report(record.error());
    }
    print_token(arguments, *record, *key);
    return 0;
}

int revoke(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto name = tunnel_of(arguments);
    if (!name) {
        return report(name.error());
    }
    const auto remove_key = [&](TunnelRecord& tunnel) -> Result<> {
        const auto found = std::ranges::find(tunnel.keys, arguments.key, &KeyRecord::id);
        if (found == tunnel.keys.end()) {
            return usage_error("tunnel '" + tunnel.name + "' has no key '" + arguments.key + "'");
        }
        tunnel.keys.erase(found);
        return {};
    };
    const auto record =
        change(settings, "tunnel revoke-key", [&](Store& store) { return store.update(*name, remove_key); });
    if (!record) {
        return report(record.error());
    }
    std::cerr << "revoked " << arguments.key << "; running connectors end its sessions within 2 seconds\n";
    return arguments.output == "json" ? show(arguments, *record) : 0;
}

int remove(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto name = tunnel_of(arguments);
    const auto record = name ? change(settings, "tunnel delete", [&](Store& store) { return store.remove(*name); })
                             : std::unexpected(name.error());
    if (!record) {
        return report(record.error());
    }
    std::cerr << "deleted tunnel " << record->name << " (" << record->id << "); its sessions end within 2 seconds\n";
    if (arguments.output == "json") {
        std::cout << json::serialize(json::object{{"id", record->id}, {"name", record->name}, {"deleted", true}})
                  << '\n';
    }
    return 0;
}

int show_services(const TunnelArguments& arguments, const TunnelRecord& record) {
    if (arguments.output == "json") {
        std::cout << format_services(record.services) << '\n';
        return 0;
    }
    std::vector<std::vector<std::string>> rows{{"SERVICE", "ENDPOINT"}};
    for (const ServiceRecord& service : record.services) {
        rows.push_back({service.name, service.endpoint});
    }
    print_table(rows);
    return 0;
}

int describe_services(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto name = tunnel_of(arguments);
    const auto record = name ? store_of(settings).find(*name) : std::unexpected(name.error());
    return record ? show_services(arguments, *record) : report(record.error());
}

int update_services(const TunnelArguments& arguments, const config::TunnelSettings& settings) {
    const auto name = tunnel_of(arguments);
    const auto text = read_file(arguments.services_file, kServicesMost, Pipes::any);
    if (!name || !text) {
        return report(name ? text.error() : name.error());
    }
    const auto services = parse_services(*text, arguments.services_file);
    if (!services) {
        return report(services.error());
    }
    const auto replace = [&](TunnelRecord& tunnel) -> Result<> {
        tunnel.services = *services;
        return {};
    };
    const auto record =
        change(settings, "tunnel services update", [&](Store& store) { return store.update(*name, replace); });
    if (!record) {
        return report(record.error());
    }
    std::cerr << "tunnel " << record->name << " now exposes " << record->services.size() << " service(s)\n";
    return show_services(arguments, *record);
}

/// Registers verbs and what they share.
class Verbs {
  public:
    Verbs(FindSettings find_settings, std::function<int()>& chosen)
        : find_settings_(std::move(find_settings)), chosen_(chosen), arguments_(std::make_shared<TunnelArguments>()) {}

    TunnelArguments& arguments() { return *arguments_; }

    using Verb = int (*)(const TunnelArguments&, const config::TunnelSettings&);
    CLI::App* add(CLI::App& under, const std::string& name, const std::string& help, Verb verb) {
        CLI::App* command = under.add_subcommand(name, help);
        add_config(*command, arguments_->config);
        add_output(*command, arguments_->output);
        command->callback([verb, arguments = arguments_, find = find_settings_, chosen = &chosen_] {
            *chosen = [verb, arguments, find] {
                const auto settings = find(arguments->config);
                return settings ? verb(*arguments, *settings) : report(settings.error());
            };
        });
        return command;
    }
    CLI::App* add_for_tunnel(CLI::App& under, const std::string& name, const std::string& help, Verb verb) {
        CLI::App* command = add(under, name, help, verb);
        command->add_option("tunnel", arguments_->name, "The tunnel's name or id")->type_name("TUNNEL");
        command->add_option("--tunnel-id", arguments_->tunnel_id, "The same as an option")->type_name("TUNNEL");
        return command;
    }

  private:
    FindSettings find_settings_;
    std::function<int()>& chosen_;
    Arguments arguments_;
};

void add_key_flags(CLI::App& command, TunnelArguments& arguments) {
    command.add_option("--connect", arguments.connect, "Address that agents dial over TLS, HOST:PORT (repeat)")
        ->allow_extra_args(false)
        ->type_name("HOST:PORT");
    command
        .add_option("--connect-wireguard", arguments.connect_wireguard,
                    "Endpoint that agents dial over WireGuard, HOST:PORT (repeat)")
        ->allow_extra_args(false)
        ->type_name("HOST:PORT");
    command.add_option("--expires", arguments.expires, "Life of the new key, such as 90d; default: no end")
        ->type_name("DURATION");
}

}  // namespace

void add_tunnel_commands(CLI::App& app, const FindSettings& find_settings, std::function<int()>& chosen) {
    CLI::App* tunnel = app.add_subcommand("tunnel", "Make, show and change tunnels");
    tunnel->require_subcommand(1);
    Verbs verbs(find_settings, chosen);
    TunnelArguments& arguments = verbs.arguments();

    CLI::App* create_command = verbs.add(*tunnel, "create", "Make a tunnel and print its token", create);
    create_command->add_option("name", arguments.name, "The tunnel's name")->required()->type_name("NAME");
    add_key_flags(*create_command, arguments);
    verbs.add(*tunnel, "list", "All tunnels", list)
        ->add_flag("-q,--quiet", arguments.quiet, "Their names alone, one a line");
    verbs.add_for_tunnel(*tunnel, "describe", "A tunnel with its keys and services", describe);
    CLI::App* rotate_command =
        verbs.add_for_tunnel(*tunnel, "rotate-token", "Add a key and print a token for it", rotate);
    add_key_flags(*rotate_command, arguments);
    rotate_command
        ->add_option("--expire-old", arguments.expire_old, "Let the other keys end after this time, such as 24h")
        ->type_name("DURATION");
    CLI::App* revoke_command = verbs.add_for_tunnel(*tunnel, "revoke-key", "Remove a key and end its sessions", revoke);
    revoke_command->add_option("key", arguments.key, "The key's id")->required()->type_name("KEY");
    CLI::App* delete_command = verbs.add_for_tunnel(*tunnel, "delete", "Delete a tunnel and end its sessions", remove);
    delete_command->add_flag("--yes", arguments.yes, "Accepted for scripts; nothing is asked");

    CLI::App* services = tunnel->add_subcommand("services", "Show and change what a tunnel exposes");
    services->require_subcommand(1);
    verbs.add_for_tunnel(*services, "describe", "The services of a tunnel", describe_services);
    CLI::App* update_command = verbs.add_for_tunnel(
        *services, "update", "Replace the list of services by that of a JSON file", update_services);
    update_command->add_option("--configuration-file", arguments.services_file, "The JSON file")
        ->required()
        ->type_name("FILE");
}

}  // namespace adit::cli
