// The running connector: the only place that knows all of its parts.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "common/status/server.h"
#include "connector/config/config.h"
#include "connector/store/watch.h"
#include "connector/succession.h"
#include "connector/worker_side.h"

namespace adit {

/// One process of it. prepare(), then run() until it is told to stop; everything on the first worker's thread.
class App {
  public:
    explicit App(config::Configuration configuration);
    ~App();
    Result<> prepare();
    int run();

  private:
    Result<> load_origin_tls();
    void make_workers();
    Result<> prepare_tunnels();
    Result<> prepare_status();
    void tick();
    void look_at_store();
    void consider_listening();
    void listen();
    void send_agents_over();
    void await_signal();
    void drain();
    void continue_drain();
    void stop();
    std::size_t ready_sessions() const;
    status::Answer ready() const;
    net::Worker& main_worker() { return sides_.front()->worker(); }

    config::Configuration configuration_;
    metrics::Registry registry_;
    ConnectorMetrics metrics_{registry_};
    net::Resolver resolver_;
    tunnel::Fleet fleet_;
    tunnel::Switchboard switchboard_;
    Shared shared_;
    std::vector<std::unique_ptr<WorkerSide>> sides_;
    std::vector<std::unique_ptr<tunnel::Gate>> gates_;
    std::unique_ptr<net::Listener> tunnel_listener_;
    std::unique_ptr<Succession> succession_;
    std::unique_ptr<StoreWatch> store_;
    std::unique_ptr<status::Server> status_;
    std::unique_ptr<boost::asio::signal_set> signals_;
    std::unique_ptr<boost::asio::steady_timer> ticker_;
    std::vector<net::HostPort> addresses_;
    net::Time started_ = net::Clock::now();
    net::Time store_looked_{};
    std::optional<net::Time> first_session_;
    std::optional<net::Time> drain_started_;
    bool succeeding_ = false;  ///< another connector has our addresses and is about to leave
    bool listening_ = false;
    bool sessions_closing_ = false;
};

/// Runs a checked configuration until told to stop; the exit status.
int run_connector(config::Configuration configuration);

}  // namespace adit
