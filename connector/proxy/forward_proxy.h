// The forward proxy: for clients that were told of it, CONNECT and absolute-form requests reach services of tunnels,
// and nothing else.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/net/pump.h"
#include "connector/admin/metrics.h"
#include "connector/http/exchange.h"
#include "connector/policy/access_log.h"
#include "connector/policy/entrance.h"
#include "connector/policy/shedding.h"
#include "connector/policy/tracer.h"
#include "connector/proxy/connect.h"
#include "connector/proxy/origins.h"
#include "connector/proxy/target.h"
#include "connector/route/forward.h"

namespace adit::proxy {

/// How logs and metrics call what is no route.
inline constexpr std::string_view kRoute = "forward-proxy";

/// What a listener's configuration makes of its proxy: immutable, shared by all workers.
struct Terms {
    /// `rules` of the proxy itself, if it has any; `access` of services and tunnels; `idle`: of a CONNECT.
    Terms(std::optional<policy::Authentication> authentication, std::optional<access::Rules> rules,
          std::shared_ptr<const config::Access> access, const backend::Timeouts& timeouts,
          std::chrono::milliseconds idle, std::shared_ptr<RouteMetrics> metrics);

    const std::optional<access::Rules> rules;
    const policy::Entrance entrance;
    const std::shared_ptr<const config::Access> access;
    const backend::Timeouts timeouts;
    const std::chrono::milliseconds idle;
    const std::shared_ptr<RouteMetrics> metrics;
};

/// One per listener and worker: the handler of the listener's connections. It dials through tunnels only, so that no
/// request makes the connector open a connection of its own.
class ForwardProxy final : public http::Handler {
  public:
    ForwardProxy(std::shared_ptr<const Terms> terms, tunnel::Pool& pool, policy::AccessLog& log, policy::Tracer& tracer,
                 const policy::Shedding& shedding)
        : terms_(std::move(terms)), pool_(pool), log_(log), tracer_(tracer), shedding_(shedding), origins_(pool) {}

    /// Requests from now on are served by `terms`; a CONNECT that runs keeps what it began with.
    void serve_by(std::shared_ptr<const Terms> terms);

    net::Task<> handle(http::Exchange& exchange) override;

  private:
    /// What the steps tell each other about one request.
    struct Story {
        std::shared_ptr<const Terms> terms;
        policy::Admission admission;
        std::shared_ptr<backend::Backend> origin;
        Target target;
        route::Trace trace;
        policy::Effects effects;
        std::optional<policy::Presence> presence;  ///< among the requests in progress
        std::optional<policy::Tracked> tracked;
        std::optional<problem::Failure> failure;
        std::string denied;  ///< why, for the log; the client is not told whether there is such a service
        net::PipeResult carried;
    };

    net::Task<std::optional<problem::Failure>> serve(http::Exchange& exchange, Story& story);
    std::expected<Candidate, problem::Failure> find(Story& story) const;
    net::Task<std::optional<problem::Failure>> connect(http::Exchange& exchange, Story& story);
    net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, Story& story);
    static net::Task<> carry(http::Exchange& exchange, Story& story, Line line);
    static void tell_denial(const http::Exchange& exchange, const Story& story);
    void conclude(const http::Exchange& exchange, const Story& story);

    std::shared_ptr<const Terms> terms_;
    tunnel::Pool& pool_;
    policy::AccessLog& log_;
    policy::Tracer& tracer_;
    const policy::Shedding shedding_;
    Origins origins_;
};

}  // namespace adit::proxy
