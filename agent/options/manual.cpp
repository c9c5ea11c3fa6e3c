// Environment, files and exit statuses of adit-agent.
#include "agent/options/manual.h"

#include "agent/config/file_config.h"
#include "common/config/manual_page.h"

namespace adit::agent {

command::Manual manual() {
    command::Manual manual;
    manual.notes.environment = {
        {"TUNNEL_TOKEN", "The token itself."},
        {"TUNNEL_TOKEN_FILE", "File that holds the token."},
        {"TUNNEL_ALLOW",
         "Targets that may be dialled, separated by commas; added to those of --allow. A name that only *.suffix "
         "allows is resolved without search domains."},
        {"TUNNEL_METRICS", "Address of /live, /ready and /metrics."},
        {"TUNNEL_LOGLEVEL", "trace, debug, info, warn or error."},
        {"TUNNEL_GRACE_PERIOD", "Time for running streams at SIGTERM, such as 30s."},
        {"TUNNEL_CONNECTIONS", "Sessions to keep at least."},
        {"TUNNEL_SANDBOX", "What is given up after the start: auto, required or off."},
        {"TUNNEL_TRANSPORT_PROTOCOL", "auto, tls or wireguard."},
        {"TUNNEL_WIREGUARD_DEVICE", "auto, user-space, kernel or existing."},
        {"TUNNEL_WIREGUARD_INTERFACE", "Name of the kernel's or the existing interface."},
        {"TUNNEL_WIREGUARD_MTU", "Largest packet inside the WireGuard network."},
        {"HTTPS_PROXY, NO_PROXY",
         "The HTTP proxy through which the connector is dialled, and the hosts for which it is "
         "not used; in lower case as well."},
    };
    manual.notes.exit_statuses = {
        {"0", "Ended as told; healthcheck: ready; diagnose: no step has failed."},
        {"1", "Failed while running; healthcheck: not ready; diagnose: a step has failed."},
        {"2", "Bad input."},
    };
    manual.notes.see_also = {{"adit-agent.yaml", 5}, {"adit-connector", 1}};
    manual.file_page = [] {
        return yaml::manual_page(
            file_schema(), "adit-agent.yaml", "adit-agent",
            "The file that adit-agent run --config names. What it leaves out comes from flags, the "
            "environment or defaults; flags and environment win over it, but patterns of allow add up.");
    };
    return manual;
}

}  // namespace adit::agent
