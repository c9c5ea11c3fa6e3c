// Asking a running connector whether it is ready; see health_command.h.
#include "connector/cli/health_command.h"

#include <memory>

#include "common/status/healthcheck.h"
#include "connector/cli/admin_address.h"

namespace adit::cli {
namespace {

/// A server that wants a certificate, of which a health check has none, says the same at admin.metrics.
Result<status::Target> healthy_at(const AdminWay& way, const std::string& config, const FindFile& find_file) {
    if (way.address.empty() && way.certificate.empty()) {
        const auto file = find_file(config);
        const auto admin = file ? admin_section(*file) : std::unexpected(file.error());
        if (admin && admin->metrics && admin->tls && !admin->tls->client_ca.empty()) {
            return status::Target{.address = *admin->metrics};
        }
    }
    return admin_of(way, config, find_file);
}

}  // namespace

void add_health_command(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    struct Arguments {
        std::string config;
        AdminWay way;
    };
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app.add_subcommand(
        "healthcheck", "Ask a running connector whether it is ready (exit 0) or not (1); needs an admin address");
    CLI::Option* config = command->add_option("--config", arguments->config, "The connector's configuration file");
    config->type_name("FILE");
    command
        ->add_option("--address,--admin", arguments->way.address,
                     "Where to ask, admin.address or admin.metrics, instead of what a configuration says")
        ->type_name("ADDRESS")
        ->excludes(config);
    add_admin_proofs(*command, arguments->way);
    command->callback([=, &chosen] {
        chosen = [=] {
            const auto target = healthy_at(arguments->way, arguments->config, find_file);
            return target ? status::healthcheck("adit-connector", *target) : report(target.error());
        };
    });
}

}  // namespace adit::cli
