// The root of the configuration's table; one function per struct, from the leaves up. Rules that need more than one
// object are in validate.cpp.
#include "connector/config/table.h"

#include "common/base/time.h"
#include "common/config/collections.h"
#include "connector/config/table_parts.h"

namespace adit::config {

yaml::Duration timeout() {
    return yaml::Duration(bounds::min_timeout, bounds::max_timeout);
}

namespace {

using namespace yaml;

Object<Sandbox> sandbox() {
    return Object<Sandbox>("sandbox", "What the connector gives up when it has started.")
        .field(
            "mode", &Sandbox::mode, choice_of<sandbox::Mode>(sandbox::kModeWords),
            "System calls, files and capabilities that it does not need: all that the kernel lets it give up (auto), "
            "all or no start (required), or nothing (off).")
        .field("paths", &Sandbox::paths, List(Path(), bounds::sandbox_paths),
               "Folders, besides those of the files that the configuration names, that it may go on to read and write: "
               "those that a reload will name.");
}

/// What counts where neither routes nor backends nor the file say.
Object<TimeoutSettings> widest_timeouts() {
    return timeouts_table()
        .left_out("connect", format_duration(defaults::connect))
        .left_out("first_byte", format_duration(defaults::first_byte))
        .left_out("idle", format_duration(defaults::idle))
        .left_out("per_try", format_duration(defaults::per_try))
        .left_out("total", format_duration(defaults::total));
}

Object<Configuration> whole_table() {
    return Object<Configuration>("the configuration", "The connector's configuration.")
        .field("log", &Configuration::log, log_table(), "What is logged, how, and where it goes.")
        .field("workers", &Configuration::workers, Integer<std::uint32_t>(1, bounds::max_workers),
               "Threads that serve requests; by default one per core.")
        .field("admin", &Configuration::admin, admin_table(), "The operator's own server; none when left out.")
        .field("listeners", &Configuration::listeners, List(listener_table(), bounds::listeners),
               "Where clients connect.")
        .field("tunnels", &Configuration::tunnels, tunnels_table(), "The tunnels and where their agents connect.")
        .field("backends", &Configuration::backends, Named(backend_table(), &Backend::name, bounds::backends),
               "What routes forward to, by name.")
        .field("routes", &Configuration::routes, List(route_table(), bounds::routes),
               "Which requests go to which backend.")
        .field("tracing", &Configuration::tracing, tracing_table(),
               "Taking part in W3C traces, with spans for a collector; no part is taken when left out.")
        .field("consumers", &Configuration::consumers, List(consumer_table(), bounds::consumers),
               "Who may call, and what they show to prove who they are.")
        .field("policies", &Configuration::policies, Named(policy_table(), &Policy::name, bounds::policies),
               "Ways to tell who calls, and limits of what callers may have, by name; routes use them.")
        .field("access", &Configuration::access, access_table(), "Who may use services and tunnels.")
        .field("issuers", &Configuration::issuers, Named(issuer_table(), &Issuer::name, bounds::issuers),
               "We as OpenID issuers, by name; credentials of backends use them.")
        .field("timeouts", &Configuration::timeouts, widest_timeouts(),
               "How long each phase of a request may take, where backends and routes do not say.")
        .field("cache", &Configuration::cache, cache_store_table(), "What all caches together may take.")
        .field("degrade", &Configuration::degrade, degrade_table(),
               "When routes that are not essential answer 503 at once.")
        .field("shed", &Configuration::shed, shed_table(), "When the connector sheds requests to stay alive.")
        .field("state", &Configuration::state, StateEntry(),
               "A Redis by which connectors share circuits, limits and bans.")
        .field("webhooks", &Configuration::webhooks, Named(webhook_table(), &Webhook::name, bounds::webhooks),
               "Who is told of events, by name.")
        .field("chain", &Configuration::chain, chain_table(), "What chained connectors tell each other.")
        .field("problems", &Configuration::problems, problems_table(), "Where problem documents lead.")
        .field("sandbox", &Configuration::sandbox, sandbox(), "What the connector gives up when it has started.");
}

}  // namespace

const Object<Configuration>& configuration_table() {
    static const Object<Configuration> table = whole_table();
    return table;
}

const Words& known_words() {
    static const Words words = words_of(configuration_table().schema());
    return words;
}

}  // namespace adit::config
