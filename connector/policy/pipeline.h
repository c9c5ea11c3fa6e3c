// The life of a request, from its head to its access line, in one place.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "connector/admin/metrics.h"
#include "connector/backend/backend.h"
#include "connector/http/exchange.h"
#include "connector/policy/access_log.h"
#include "connector/policy/route_policies.h"
#include "connector/policy/tracer.h"
#include "connector/route/forward.h"
#include "connector/route/router.h"

namespace adit::policy {

/// What a worker needs to serve requests. Routes and their metrics are shared and immutable; backends are the worker's.
struct Serving {
    std::shared_ptr<const route::Router> router;
    std::vector<std::shared_ptr<RouteMetrics>> route_metrics;          ///< by Route::index
    std::vector<std::shared_ptr<const RoutePolicies>> route_policies;  ///< by Route::index; null: none
    bool cors = false;                                                 ///< some route answers preflights
    std::shared_ptr<RouteMetrics> unrouted_metrics;
    std::vector<std::shared_ptr<backend::Backend>> backends;  ///< by Route::backend_index
};

/// One per worker: the handler of all its connections.
class Pipeline final : public http::Handler {
  public:
    Pipeline(std::shared_ptr<const Serving> serving, AccessLog& log, Tracer& tracer)
        : serving_(std::move(serving)), log_(log), tracer_(tracer) {}

    /// Requests from now on are served by `serving`; those that run keep what they began with.
    void serve_by(std::shared_ptr<const Serving> serving) { serving_ = std::move(serving); }
    const std::shared_ptr<const Serving>& serving() const { return serving_; }

    net::Task<> handle(http::Exchange& exchange) override;

  private:
    /// What the layers tell each other about one request.
    struct Story {
        std::shared_ptr<const Serving> serving;
        const route::Route* route = nullptr;
        route::Trace trace;
        std::optional<Tracked> tracked;
        std::optional<problem::Failure> failure;
        std::string path_scratch;
        std::string rewritten;  ///< the path for the backend, where the route writes it anew
        std::string_view path;  ///< as it was asked for, normalised
        std::optional<PolicyRun> policies;
    };

    net::Task<std::optional<problem::Failure>> serve(http::Exchange& exchange, Story& story);
    static const route::Route* match(http::RequestHead& request, const Serving& serving);
    static void begin_policies(http::Exchange& exchange, Story& story);
    static std::optional<problem::Failure> find_route(http::Exchange& exchange, Story& story);
    static net::Task<std::optional<problem::Failure>> send_to_https(http::Exchange& exchange);
    static net::Task<> answer_itself(http::Exchange& exchange, const Story& story);
    void join_trace(http::Exchange& exchange, Story& story);
    void conclude(const http::Exchange& exchange, const Story& story);

    std::shared_ptr<const Serving> serving_;
    AccessLog& log_;
    Tracer& tracer_;
};

}  // namespace adit::policy
