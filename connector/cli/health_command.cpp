// Asking a running connector whether it is ready; see health_command.h.
#include "connector/cli/health_command.h"

#include <memory>

#include "common/status/healthcheck.h"
#include "connector/cli/admin_address.h"

namespace adit::cli {

void add_health_command(CLI::App& app, const FindFile& find_file, std::function<int()>& chosen) {
    struct Arguments {
        std::string config;
        std::string address;
    };
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app.add_subcommand(
        "healthcheck", "Ask a running connector whether it is ready (exit 0) or not (1); needs an admin address");
    CLI::Option* config = command->add_option("--config", arguments->config, "The connector's configuration file");
    config->type_name("FILE");
    command
        ->add_option("--address", arguments->address,
                     "Where to ask, admin.address or admin.metrics, instead of what a configuration says")
        ->type_name("HOST:PORT")
        ->excludes(config);
    command->callback([=, &chosen] {
        chosen = [=] {
            const auto address = admin_of(arguments->address, arguments->config, find_file);
            return address ? status::healthcheck("adit-connector", *address) : report(address.error());
        };
    });
}

}  // namespace adit::cli
