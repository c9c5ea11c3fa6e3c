// The running connector: the only place that knows all of its parts.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/file_watch.h"
#include "common/base/last_resort.h"
#include "common/base/service_manager.h"
#include "common/sandbox/sandbox.h"
#include "common/status/server.h"
#include "connector/admin/admin_metrics.h"
#include "connector/admin/audit.h"
#include "connector/admin/guesses.h"
#include "connector/circuit_table.h"
#include "connector/config/tunnel_settings.h"
#include "connector/degrading_desk.h"
#include "connector/expiries.h"
#include "connector/fetch/desk.h"
#include "connector/fixed_settings.h"
#include "connector/generation.h"
#include "connector/overload_watch.h"
#include "connector/reloader.h"
#include "connector/status_problems.h"
#include "connector/status_report.h"
#include "connector/store/watch.h"
#include "connector/succession.h"
#include "connector/telemetry/telemetry.h"
#include "connector/wireguard_door.h"
#include "connector/worker_side.h"

namespace adit {

/// One process of it. prepare(), then run() until it is told to stop; everything on the first worker's thread.
class App {
  public:
    /// `file` is where the configuration came from, to be read again.
    explicit App(std::filesystem::path file);
    ~App();
    Result<> prepare(config::Configuration configuration);
    int run();

  private:
    /// By worker: sockets that are bound and do not listen yet, each with its listener's index.
    using Bound = std::vector<std::vector<std::pair<std::size_t, net::ListenSocket>>>;

    struct ReloadAsked {
        std::string why;
        status::Caller by;
        std::string request = {};
        bool by_itself = true;                                               ///< nobody waits at the admin interface
        std::function<void(const Result<>&)> done = [](const Result<>&) {};  ///< hears what came of it, soon or at once
    };

    void make_workers();
    void watch_for_overload();
    void open_desk();
    Result<Bound> bind(const Generation& generation, const std::vector<std::size_t>& listeners) const;
    Result<> prepare_tunnels();
    Result<> prepare_tls_door(const config::TlsSettings& settings);
    Result<> prepare_wireguard_door(const config::WireGuardSettings& settings);
    Result<> make_gates(const tls::PrivateKey* key);
    void prepare_succession(const config::TunnelSettings& settings);
    net::Task<> open_wireguard(net::Descriptor inherited, bool patient);
    net::Task<> take_admin_back();
    void look_at_wireguard();
    Result<> prepare_status();
    Result<> prepare_admin();
    void serve_operators(status::Server& server);
    void serve_reload(status::Server& server);
    /// What both doors for operators have.
    void serve_standing(status::Server& server);
    status::Answer exposition();
    void tick();
    void look_at_store();
    void consider_listening();
    void listen();
    void look_at_files();
    void look_at_issuers();
    void look_at_circuits();
    void take_up_telemetry(telemetry::Telemetry::Plan plan);
    void take_up_resilience();
    void reload(ReloadAsked asked);
    Result<> record_reload(const std::vector<ReloadAsked>& asked, const Generation& made);
    void record_failed_reload(const ReloadAsked& one, const Error& why);
    /// A line for each tunnel whose file has changed since the last look.
    void record_tunnels();
    /// A line for each issuer whose keys have changed since.
    void record_keys(const credential::Issuers& issuers);
    void record_found(const Change& change);
    void begin_reload();
    void finish_reload(const std::vector<ReloadAsked>& asked, const Reloader::Made& made);
    void tell_reloaded(const std::vector<ReloadAsked>& asked, const Result<>& changed);
    void after_workers(const std::function<void()>& then);
    Result<> change_generation(const std::shared_ptr<const Generation>& made, const std::vector<ReloadAsked>& asked);
    void dispose_retired();
    void send_agents_over();
    void await_signal();
    void drain();
    void continue_drain();
    void stop();
    std::vector<TunnelRecord> tunnel_records() const;
    std::vector<std::shared_ptr<tunnel::SessionInfo>> sessions() const;
    Doors doors() const;
    std::size_t ready_sessions() const;
    /// What keeps the store's last good state in use, with what the sandbox may have to do with it.
    std::vector<StoreWatch::Trouble> advised(std::vector<StoreWatch::Trouble> troubles) const;
    void tell_troubles();
    /// What this process alone knows to be wrong, in sentences for `status`.
    std::vector<std::string> own_problems() const;
    /// Why no traffic can flow; empty when it can.
    std::string not_ready() const;
    status::Answer ready() const;
    net::Worker& main_worker() { return sides_.front()->worker(); }

    std::unique_ptr<LastResort> last_resort_;  ///< goes last: whatever hangs in our destructor, too
    std::filesystem::path file_;
    metrics::Registry registry_;
    ConnectorMetrics metrics_{registry_};
    AdminMetrics admin_metrics_{registry_};
    Guesses guesses_;
    Expiries expiries_{registry_};
    ShedMetrics shed_metrics_ = policy::make_shed_metrics(registry_);
    net::Resolver resolver_;
    fetch::Desk desk_{resolver_};  ///< on the main worker
    Fabric fabric_{registry_, desk_};
    CircuitTable circuits_{fabric_.circuits, registry_};
    DegradingDesk degrading_{fabric_, metrics_};
    telemetry::Telemetry telemetry_{metrics_, resolver_};
    tunnel::Fleet fleet_;
    tunnel::Switchboard switchboard_;
    Shared shared_;
    std::shared_ptr<const Generation> generation_;
    std::optional<FixedSettings> fixed_;  ///< there as soon as the first generation is
    ServiceManager service_;
    sandbox::Standing sandbox_;
    FileWatch watched_;  ///< the configuration and the certificates that it names
    std::vector<std::unique_ptr<WorkerSide>> sides_;
    std::unique_ptr<OverloadWatch> overload_watch_;
    std::unique_ptr<Reloader> reloader_;
    std::vector<ReloadAsked> reloads_asked_;                  ///< for the next reading
    std::vector<std::shared_ptr<const Generation>> retired_;  ///< by reloads, until nobody uses them
    std::vector<std::unique_ptr<tunnel::Gate>> gates_;
    std::unique_ptr<net::Listener> tunnel_listener_;
    std::unique_ptr<WireGuardDoor> wireguard_;
    std::unique_ptr<Succession> succession_;
    std::unique_ptr<StoreWatch> store_;
    AuditLog audit_;
    std::unique_ptr<status::Server> status_;    ///< of the operator, who may change things
    std::unique_ptr<status::Server> watchers_;  ///< of those who may only watch
    std::unique_ptr<boost::asio::signal_set> signals_;
    std::unique_ptr<boost::asio::steady_timer> ticker_;
    bool ending_ = false;  ///< the destructor has begun: a tick that was due already finds nothing to look at
    Bound first_sockets_;
    net::Time started_ = net::Clock::now();
    std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
    net::Time store_looked_{};
    net::Time files_looked_{};
    net::Time wireguard_looked_{};
    net::Time issuers_looked_{};
    net::Time circuits_looked_{};
    std::optional<net::Time> first_session_;
    std::optional<net::Time> drain_started_;
    bool succeeding_ = false;  ///< another connector has our addresses and is about to leave
    bool listening_ = false;
    bool reloading_ = false;
    bool issuers_looking_ = false;
    std::optional<RefusedConfiguration> refused_;  ///< the last one, where none was taken up since
    bool store_ails_ = false;                      ///< part of it could not be read when it was looked at last
    bool sessions_closing_ = false;
    int exit_status_ = 0;
};

/// Runs a checked configuration until told to stop; the exit status.
int run_connector(const std::filesystem::path& file, config::Configuration configuration);

}  // namespace adit
