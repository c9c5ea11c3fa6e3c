// What one worker of the connector owns: its listeners and their connections, backends, tunnel pool and gate.
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "common/net/listener.h"
#include "common/net/resolver.h"
#include "common/net/worker.h"
#include "connector/generation.h"
#include "connector/health/checks.h"
#include "connector/policy/pipeline.h"
#include "connector/tunnel/gate.h"
#include "connector/tunnel/pool.h"

namespace adit {

/// Shared by all workers of a connector, whatever its configuration.
struct Shared {
    ConnectorMetrics& metrics;
    net::Resolver& resolver;
    tunnel::Fleet& fleet;
    tunnel::Switchboard& switchboard;
    Fabric& fabric;
    ShedMetrics& shed;
    std::string pseudonym;  ///< in Via; tells this connector from others
};

/// Made before the workers run; used on its worker's thread from then on, but for the constructor.
class WorkerSide {
  public:
    WorkerSide(unsigned index, const Shared& shared, std::shared_ptr<const Generation> generation);
    ~WorkerSide();
    /// Where spans go from now on; null: no part is taken in traces.
    void trace_to(std::shared_ptr<const telemetry::TraceExport> traces) { tracer_.use(std::move(traces)); }
    /// Lets the kernel give clients of a listener of the current generation to this worker.
    Result<> listen(std::size_t listener, net::ListenSocket socket);
    /// Serves by a newer generation from now on. Exchanges that run end as they began; connections of listeners that
    /// are gone end after their next answer.
    void adopt(std::shared_ptr<const Generation> generation);
    /// New clients go to a successor, connections end after their next answer, agents look for another connector.
    void drain(unsigned workers);
    /// Takes no more clients.
    void close_listeners();
    /// On any thread.
    std::size_t connections() const { return connections_open_.load(std::memory_order_relaxed); }

    net::Worker& worker() { return worker_; }
    tunnel::Pool& pool() { return pool_; }

  private:
    struct Terms;
    struct ListenerSide;
    struct Arrival;

    void accept(ListenerSide& side, int fd, const net::Address& peer);
    net::Task<> serve(ListenerSide& side, std::shared_ptr<const Terms> terms, int fd, Arrival arrival);
    /// To the end of a connection that was accepted under `terms`, which may not be those of its listener any more.
    net::Task<> run(http::Connection& connection, const ListenerSide& side, const Terms& terms);
    void tell_refused(const ListenerSide& side, std::string_view client, const std::string& why);
    void note_fault(const ListenerSide& side, const Terms& terms, std::string_view client, std::string_view fault);
    void use_terms(ListenerSide& side, std::size_t listener);
    void drain(const ListenerSide& side);
    http::Handler& handler(const ListenerSide& side, const Terms& terms);
    std::shared_ptr<const Terms> make_terms(std::size_t listener) const;
    std::unique_ptr<backend::Dialer> make_dialer(const Generation& generation, std::size_t backend,
                                                 std::size_t endpoint);
    void check_health(const Generation* previous);
    std::shared_ptr<backend::Backend> make_backend(const Generation& generation, std::size_t index);
    /// Backends that are the same in `previous`, which served the generation before, are taken over with their kept
    /// connections.
    std::shared_ptr<const policy::Serving> make_serving(const std::shared_ptr<const Generation>& generation,
                                                        const policy::Serving* previous);

    const Shared& shared_;
    std::shared_ptr<const Generation> generation_;
    net::Worker worker_;
    tunnel::Pool pool_;
    std::unique_ptr<health::Checks> checks_;  ///< of the first worker, for all
    policy::AccessLog access_log_;
    policy::Tracer tracer_;
    const policy::Shedding shedding_;
    policy::Pipeline pipeline_;
    std::list<ListenerSide> listeners_;  ///< those that were closed too: their loops end in their own time
    std::map<http::Connection*, const ListenerSide*> connections_;
    std::atomic<std::size_t> connections_open_ = 0;  ///< handshakes included
    bool draining_ = false;
};

}  // namespace adit
