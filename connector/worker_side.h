// What one worker of the connector owns: its listeners and their connections, backends, tunnel pool and gate.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <vector>

#include "common/net/listener.h"
#include "common/net/resolver.h"
#include "common/net/worker.h"
#include "common/tls/context.h"
#include "connector/config/config.h"
#include "connector/policy/pipeline.h"
#include "connector/tunnel/gate.h"
#include "connector/tunnel/pool.h"

namespace adit {

/// Shared by all workers of a connector.
struct Shared {
    const config::Configuration& configuration;
    ConnectorMetrics& metrics;
    net::Resolver& resolver;
    tunnel::Fleet& fleet;
    tunnel::Switchboard& switchboard;
    std::shared_ptr<const route::Router> router;
    std::vector<std::shared_ptr<RouteMetrics>> route_metrics;
    std::shared_ptr<RouteMetrics> unrouted_metrics;
    std::vector<std::shared_ptr<BackendMetrics>> backend_metrics;
    std::vector<std::shared_ptr<ListenerMetrics>> listener_metrics;
    std::vector<std::shared_ptr<const tls::Context>> origin_tls;  ///< by backend; made before the workers
    std::string pseudonym;                                        ///< in Via; tells this connector from others
    bool log_requests = true;
};

/// Made before the workers run; used on its worker's thread from then on, but for the constructor and sockets.
class WorkerSide {
  public:
    WorkerSide(unsigned index, const Shared& shared);
    ~WorkerSide();
    /// Binds this worker's client listeners, not yet listening. Listeners with TLS load their certificates here.
    Result<> bind(std::vector<net::HostPort>& addresses);
    /// Lets the kernel give clients to this worker.
    Result<> listen();
    /// New clients go to a successor, connections end after their next answer, agents look for another connector.
    void drain(unsigned workers);
    /// Takes no more clients.
    void close_listeners();
    /// On any thread.
    std::size_t connections() const { return connections_open_.load(std::memory_order_relaxed); }

    net::Worker& worker() { return worker_; }
    tunnel::Pool& pool() { return pool_; }

  private:
    struct ListenerSide;
    net::Task<> serve(ListenerSide& listener, int fd, std::string client_ip);
    std::unique_ptr<policy::Serving> make_serving();

    const Shared& shared_;
    net::Worker worker_;
    tunnel::Pool pool_;
    policy::AccessLog access_log_;
    policy::Pipeline pipeline_;
    std::vector<std::unique_ptr<ListenerSide>> listeners_;
    std::set<http::Connection*> connections_;
    std::atomic<std::size_t> connections_open_ = 0;  ///< handshakes included
    bool draining_ = false;
};

}  // namespace adit
