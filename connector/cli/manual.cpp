// Environment, files and exit statuses of adit-connector.
#include "connector/cli/manual.h"

#include "common/config/manual_page.h"
#include "connector/config/table.h"

namespace adit::cli {

command::Manual manual() {
    command::Manual manual;
    manual.notes.environment = {{"ADIT_CONFIG", "The configuration file, for commands without --config."}};
    manual.notes.files = {
        {"adit.yaml, /etc/adit/connector.yaml", "Where the configuration is looked for when nothing names it."},
        {"wireguard.key, wireguard.preshared",
         "The connector's WireGuard key and the secret of the tokens' preshared keys; made with the first token."},
        {"tunnels.d/", "One file per tunnel, without secrets; the configuration names the directory."},
    };
    manual.notes.exit_statuses = {
        {"0", "Done, ended as told; status, healthcheck: ready."},
        {"1", "Failed; status, healthcheck: not ready; explain: no route; access explain: denied; reload: refused."},
        {"2", "Bad input, or a configuration with errors."},
    };
    manual.notes.see_also = {{"adit-connector.yaml", 5}, {"adit-agent", 1}};
    manual.sources = {{"TUNNEL", "adit-connector tunnel list --quiet"},
                      {"CIRCUIT", "adit-connector circuit list --quiet"}};
    manual.file_page = [] {
        return yaml::manual_page(config::configuration_table().schema(), "adit-connector.yaml", "adit-connector",
                                 "The file that adit-connector reads. adit-connector check explains every error in it, "
                                 "and a running connector takes a changed file up by itself.");
    };
    return manual;
}

}  // namespace adit::cli
