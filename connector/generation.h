// What one reading of the configuration means to the workers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "common/tls/context.h"
#include "common/tls/ticket_ring.h"
#include "connector/admin/metrics.h"
#include "connector/backend/credential.h"
#include "connector/backend/guards.h"
#include "connector/backend/held_budget.h"
#include "connector/backend/reach.h"
#include "connector/config/config.h"
#include "connector/credential/issuer.h"
#include "connector/fabric.h"
#include "connector/fetch/desk.h"
#include "connector/generation_limits.h"
#include "connector/policy/authenticators.h"
#include "connector/policy/pipeline.h"
#include "connector/proxy/forward_proxy.h"

namespace adit {

/// What a configuration leaves open, in the log.
void tell_notices(const config::Configuration& configuration);

/// What files and settings something was made of, in short: the same mark is the same. Nothing: that cannot be told, so
/// it counts as changed.
using Mark = std::optional<std::size_t>;

/// A TLS context with a mark of what it was made of, so that a reload can tell whether that has changed.
struct MarkedContext {
    Mark mark;
    std::shared_ptr<const tls::Context> context;  ///< null: clear text
};

/// The credentials of a backend, with a mark of the files that they were made of.
struct MarkedCredentials {
    Mark mark;
    backend::Credentials all;
};

/// A circuit as a generation uses it.
struct UsedCircuit {
    std::shared_ptr<resilience::Circuit> circuit;
    resilience::CircuitTerms terms;
};

/// Made whole on one thread, then immutable and shared by all workers; a reload makes another. What did not change
/// is taken over from the previous one, so that counters and kept connections live on.
struct Generation {
    config::Configuration configuration;
    std::shared_ptr<const policy::Routes> routes;
    std::vector<std::shared_ptr<BackendMetrics>> backend_metrics;  ///< by backend
    std::vector<backend::Reaches> reaches;                         ///< by backend
    std::vector<std::shared_ptr<const backend::Guards>> guards;    ///< by backend
    std::vector<UsedCircuit> circuits;                             ///< each once
    std::shared_ptr<event::WebhookPlan> webhooks;                  ///< used up by whoever adopts them
    LimitsInUse limits;
    std::shared_ptr<backend::HeldBudget> held_budget;                ///< the same for all generations
    std::vector<MarkedContext> origin_tls;                           ///< by backend
    std::vector<std::optional<std::size_t>> same_before;             ///< by backend: its index in the previous one
    std::vector<std::shared_ptr<ListenerMetrics>> listener_metrics;  ///< by listener
    std::vector<MarkedContext> listener_tls;                         ///< by listener
    std::vector<std::shared_ptr<tls::TicketRing>> ticket_rings;      ///< by listener; null: no tickets
    MarkedContext state_tls;
    std::shared_ptr<const state::Settings> state;              ///< null: connectors share nothing
    std::vector<std::shared_ptr<const proxy::Terms>> proxies;  ///< by listener; null where it serves routes

    credential::Issuers issuers;                                                         ///< by name
    std::vector<MarkedCredentials> credentials;                                          ///< by backend
    std::map<std::string, std::shared_ptr<const policy::Authenticator>> authenticators;  ///< by policy, as used

    /// Null where no policy of that name is used.
    std::shared_ptr<const policy::Authenticator> authenticator(const std::string& name) const;
    /// The files that this was made of: their change asks for another.
    std::vector<std::filesystem::path> files() const;

    /// What outlives all generations.
    struct Means {
        ConnectorMetrics& metrics;
        fetch::Desk& desk;
        std::string gateway;  ///< tells this connector from others
        Fabric& fabric;
        credential::Issuer::Upkeep upkeep = credential::Issuer::Upkeep::yes;
    };
    /// Reads certificates and keys; fails without a trace when one cannot be used. `previous` may be null.
    static Result<std::shared_ptr<const Generation>> make(config::Configuration configuration, const Means& means,
                                                          const Generation* previous);
    /// Has those credentials fetched that are wanted before any request.
    void prefetch() const;
};

}  // namespace adit
