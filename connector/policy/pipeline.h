// The life of a request, from its head to its access line, in one place.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "connector/admin/metrics.h"
#include "connector/backend/backend.h"
#include "connector/http/exchange.h"
#include "connector/http/forward.h"
#include "connector/policy/access_log.h"
#include "connector/policy/degrading.h"
#include "connector/policy/effects.h"
#include "connector/policy/entrance.h"
#include "connector/policy/limit_fields.h"
#include "connector/policy/places.h"
#include "connector/policy/route_policies.h"
#include "connector/policy/route_terms.h"
#include "connector/policy/shedding.h"
#include "connector/policy/tracer.h"
#include "connector/policy/well_known.h"
#include "connector/route/chain.h"
#include "connector/route/forward.h"
#include "connector/route/mirror.h"
#include "connector/route/router.h"

namespace adit::policy {

/// The routes of a configuration and what they count: immutable, shared by all workers.
struct Routes {
    explicit Routes(const std::vector<config::RouteRule>& rules) : router(rules) {}

    const route::Router router;
    std::vector<std::shared_ptr<RouteMetrics>> metrics;              ///< by Route::index, as the next two
    std::vector<std::vector<std::shared_ptr<ShareMetrics>>> shares;  ///< of the route's split, in its order
    std::vector<std::shared_ptr<MirrorMetrics>> mirrors;             ///< null where the route has none
    std::vector<std::shared_ptr<const RoutePolicies>> policies;      ///< by Route::index; null: none
    std::vector<RouteTerms> terms;                                   ///< by Route::index
    std::vector<std::unique_ptr<const Entrance>> entrances;          ///< by Route::index; null: nobody is asked
    bool enforces = false;                                           ///< there are entrances
    config::Access access;                                           ///< rules of services and tunnels
    std::optional<route::Chain> chain;                               ///< connectors before and behind us have its key
    bool cors = false;                                               ///< some route answers preflights
    Degrading degrading;
    std::shared_ptr<RouteMetrics> unrouted;
    std::unique_ptr<const WellKnown> well_known;  ///< null: we are no issuer
};

/// What a worker needs to serve requests; the backends are its own.
struct Serving {
    std::shared_ptr<const Routes> routes;
    /// By Destination::backend_index; null where that leads to another route.
    std::vector<std::shared_ptr<backend::Backend>> backends;
};

/// One per worker: the handler of all its connections.
class Pipeline final : public http::Handler {
  public:
    Pipeline(std::shared_ptr<const Serving> serving, AccessLog& log, Tracer& tracer, const Shedding& shedding)
        : serving_(std::move(serving)), log_(log), tracer_(tracer), shedding_(shedding) {}

    /// Requests from now on are served by `serving`; those that run keep what they began with.
    void serve_by(std::shared_ptr<const Serving> serving) { serving_ = std::move(serving); }
    const std::shared_ptr<const Serving>& serving() const { return serving_; }

    net::Task<> handle(http::Exchange& exchange) override;

  private:
    /// What the layers tell each other about one request.
    struct Story {
        std::shared_ptr<const Serving> serving;
        const WellKnown::Site* site = nullptr;            ///< whose document was asked for, instead of a route
        const route::Route* route = nullptr;              ///< that the request has met
        std::vector<const route::Route*> inner;           ///< those that it went on to by internal://
        const route::Destination* destination = nullptr;  ///< null when a route has answered itself
        std::vector<ShareMetrics*> shares;                ///< of the splits that it went through
        std::vector<std::unique_ptr<route::Mirror>> mirrors;
        route::Trace trace;
        Effects effects;                   ///< of what stood around it
        std::optional<Presence> presence;  ///< among the requests in progress
        std::optional<Tracked> tracked;
        std::optional<problem::Failure> failure;
        std::string path_scratch;
        std::string rewritten;                ///< the path for the backend, where the route writes it anew
        std::string_view path;                ///< as it was asked for, normalised
        std::unique_ptr<PolicyRun> policies;  ///< of the last route that has any; it holds those before
        Admission admission;                  ///< who calls, and by what right
        boost::container::small_vector<RateLimit::Ticket, 2> tickets;  ///< of the rate limits on the way
        LimitFields limit_fields;
    };

    net::Task<std::optional<problem::Failure>> serve(http::Exchange& exchange, Story& story);
    static const route::Route* match(http::RequestHead& request, const Routes& routes);
    static std::optional<problem::Failure> find_route(http::Exchange& exchange, Story& story);
    static net::Task<std::optional<problem::Failure>> send_to_https(http::Exchange& exchange);
    void join_trace(http::Exchange& exchange, Story& story);
    static const route::Route& last_route(const Story& story);
    static std::optional<problem::Failure> reduced(Story& story, const route::Route& route);
    static route::Plan plan_of(const Story& story, const backend::Backend& backend);
    static net::Task<std::optional<problem::Failure>> call(http::Exchange& exchange, Story& story);
    static net::Task<std::optional<problem::Failure>> call_in_place(http::Exchange& exchange, Story& story,
                                                                    backend::Backend& backend, const route::Plan& plan);
    net::Task<const route::Destination*> follow(http::Exchange& exchange, Story& story);
    const route::Destination& choose(const http::Exchange& exchange, Story& story, const route::Route& route);
    void mirror(http::Exchange& exchange, Story& story, const route::Route& route);
    static net::Task<bool> pass_policies(http::Exchange& exchange, Story& story, const route::Route& route,
                                         const route::Destination& destination);
    static net::Task<> admit(http::Exchange& exchange, Story& story, const route::Route& route);
    static Asker asker(const http::Exchange& exchange, const Story& story, const route::Route& route);
    static net::Task<> take_tokens(http::Exchange& exchange, Story& story, const route::Route& route);
    static void refund(Story& story, net::Time now);
    static bool is_bounded(const Story& story, const backend::Backend& backend);
    /// Bulkheads of policies, and the places that a caller has in them.
    using CallerPlaces =
        boost::container::small_vector<std::pair<const backend::Bulkhead*, std::shared_ptr<resilience::Bulkhead>>, 3>;
    static std::optional<CallerPlaces> caller_places(const http::Exchange& exchange, const Story& story,
                                                     const backend::Bulkhead*& full);
    static net::Task<std::optional<problem::Failure>> take_places(http::Exchange& exchange, Story& story,
                                                                  const backend::Backend& backend,
                                                                  const route::Plan& plan, Places& places);
    static void learn(const http::Exchange& exchange, const Story& story, Places& places, net::Time began,
                      const std::optional<problem::Failure>& failure);
    static void rewrite(http::Exchange& exchange, Story& story, const route::Route::Target& target);
    static net::Task<> answer_itself(http::Exchange& exchange, const route::Route& route);
    static void count(const http::Exchange& exchange, const Story& story, net::Time now);
    static void tell_denial(const http::Exchange& exchange, const Story& story);
    void conclude(const http::Exchange& exchange, const Story& story);

    std::shared_ptr<const Serving> serving_;
    AccessLog& log_;
    Tracer& tracer_;
    Shedding shedding_;
    Random random_;  ///< draws for splits and mirrors
};

}  // namespace adit::policy
