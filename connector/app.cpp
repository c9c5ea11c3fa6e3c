// Wiring of the connector, its signals and its leaving; see app.h.
#include "connector/app.h"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <csignal>
#include <iostream>
#include <latch>
#include <thread>

#include "common/base/time.h"
#include "common/log/log.h"
#include "common/net/spawn.h"
#include "common/status/server.h"
#include "connector/config/tunnel_settings.h"
#include "connector/session_table.h"
#include "connector/store/watch.h"
#include "connector/succession.h"
#include "connector/worker_side.h"

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 50ms;
constexpr auto kStoreInterval = 500ms;    ///< so that a revoked key's sessions end within two seconds
constexpr auto kAcceptWindow = 2s;        ///< a leaving connector takes clients until its successor surely does
constexpr auto kSuccessorPatience = 5s;   ///< a successor listens at the latest after this, with or without agents
constexpr auto kSuccessorSettle = 300ms;  ///< after the first agent, for the others
constexpr auto kGrace = 30s;

class App {
  public:
    explicit App(config::Configuration configuration);
    ~App();
    Result<> prepare();
    int run();

  private:
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

App::App(config::Configuration configuration)
    : configuration_(std::move(configuration)),
      shared_{.configuration = configuration_,
              .metrics = metrics_,
              .resolver = resolver_,
              .fleet = fleet_,
              .switchboard = switchboard_,
              .router = std::make_shared<const route::Router>(configuration_.routes),
              .route_metrics = {},
              .unrouted_metrics = metrics_.route("none"),
              .backend_metrics = {},
              .pseudonym = "adit-" + random_base62(8),
              .log_requests = configuration_.log.level <= logging::Level::info} {
    for (const config::RouteRule& route : configuration_.routes) {
        shared_.route_metrics.push_back(metrics_.route(route.name));
    }
    for (const config::Backend& backend : configuration_.backends) {
        shared_.backend_metrics.push_back(metrics_.backend(backend.name));
    }
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned workers = configuration_.workers == 0 ? cores : configuration_.workers;
    std::vector<tunnel::Pool*> pools;
    for (unsigned i = 0; i < workers; ++i) {
        sides_.push_back(std::make_unique<WorkerSide>(i, shared_));
        pools.push_back(&sides_.back()->pool());
    }
    for (tunnel::Pool* pool : pools) {
        pool->join(pools);
    }
}

App::~App() {
    // All coroutines end before anything that they use does.
    if (status_) {
        status_->stop();
    }
    for (const auto& side : sides_) {
        side->worker().finish();
    }
}

Result<> App::prepare() {
    for (const config::Listener& listener : configuration_.listeners) {
        succeeding_ = succeeding_ || net::ListenSocket::taken(listener.address);
        addresses_.push_back(listener.address);
    }
    for (const auto& side : sides_) {
        if (auto bound = side->bind(addresses_); !bound) {
            return bound;
        }
    }
    if (auto prepared = prepare_tunnels(); !prepared) {
        return prepared;
    }
    signals_ = std::make_unique<boost::asio::signal_set>(main_worker().context(), SIGTERM, SIGINT);
    ticker_ = std::make_unique<boost::asio::steady_timer>(main_worker().context());
    return prepare_status();
}

Result<> App::prepare_tunnels() {
    if (!configuration_.tunnels) {
        return {};
    }
    const auto settings = config::tunnel_settings(configuration_, config::machine_name());
    if (!settings) {
        return std::unexpected(settings.error());
    }
    bool made = false;
    const auto key = tls::PrivateKey::load_or_make(settings->key, made);
    if (!key) {
        return std::unexpected(key.error());
    }
    if (made) {
        logging::info("made the connector's key", {{"file", settings->key.string()}});
    }
    tunnel::Gate::Settings gate_settings;
    gate_settings.invitation = {shared_.pseudonym, static_cast<unsigned>(sides_.size()),
                                static_cast<unsigned>(sides_.size()), gate_settings.session.probe_interval};
    for (const auto& side : sides_) {
        auto gate = tunnel::Gate::make(side->pool(), *key, gate_settings);
        if (!gate) {
            return std::unexpected(std::move(gate.error()));
        }
        gates_.push_back(std::move(*gate));
    }
    auto socket = net::ListenSocket::bind(settings->listen);
    if (!socket) {
        return std::unexpected(std::move(socket.error()));
    }
    if (auto listening = socket->listen(); !listening) {
        return listening;
    }
    tunnel_listener_ =
        std::make_unique<net::Listener>(main_worker().loop(), std::move(*socket),
                                        [this](int fd, const net::Address& from) { tunnel::deal(gates_, fd, from); });
    succession_ = std::make_unique<Succession>(main_worker().context(), tunnel_listener_->socket().address().text(),
                                               [this] { send_agents_over(); });
    store_ = std::make_unique<StoreWatch>(settings->directory);
    return {};
}

Result<> App::prepare_status() {
    if (!configuration_.admin) {
        return {};
    }
    status_ = std::make_unique<status::Server>(main_worker().context());
    status_->add("/live", [] { return status::Answer{200, "text/plain; charset=utf-8", "ok\n"}; });
    status_->add("/ready", [this] { return ready(); });
    status_->add("/sessions", [this] {
        const std::vector<TunnelRecord> records = store_ ? store_->records() : std::vector<TunnelRecord>();
        return status::Answer{200, "application/json", session_table(records, sides_.front()->pool().sessions())};
    });
    status_->add("/metrics", [this] {
        std::map<std::string, std::size_t> streams;
        for (const auto& info : sides_.front()->pool().sessions()) {
            streams[info->agent->tunnel_name] += info->streams;
        }
        for (const auto& [tunnel, open] : streams) {
            metrics_.streams(tunnel, open);
        }
        return status::Answer{200, metrics::Registry::kContentType, registry_.exposition()};
    });
    return status_->listen(configuration_.admin->address, true);
}

std::size_t App::ready_sessions() const {
    return static_cast<std::size_t>(std::ranges::count_if(sides_.front()->pool().sessions(), [](const auto& info) {
        return info->state == tunnel::SessionInfo::State::ready;
    }));
}

status::Answer App::ready() const {
    const std::size_t sessions = ready_sessions();
    const bool tunnels_ready = !store_ || store_->records().empty() || sessions > 0;
    const bool ready = listening_ && !drain_started_ && tunnels_ready;
    boost::json::object body{{"ready", ready}, {"sessions", sessions}};
    if (!ready) {
        body["reason"] = drain_started_ ? "draining" : !listening_ ? "not listening yet" : "no agent session";
    }
    return {ready ? 200 : 503, "application/json", boost::json::serialize(body) + "\n"};
}

void App::look_at_store() {
    if (!store_ || net::Clock::now() < store_looked_ + kStoreInterval) {
        return;
    }
    store_looked_ = net::Clock::now();
    const bool changed = store_->look();
    for (const std::string& problem : store_->take_problems()) {
        logging::error("a tunnel's file is not used, its last good state stays", {{"reason", problem}});
    }
    std::shared_ptr<const tunnel::Table> table;
    if (changed) {
        table = std::make_shared<tunnel::Table>(store_->records());
        logging::info("tunnels loaded", {{"tunnels", table->tunnels()}});
    }
    for (const auto& side : sides_) {
        side->worker().post([pool = &side->pool(), table] {
            if (table) {
                pool->use_table(table);
            } else {
                pool->check_keys();
            }
        });
    }
}

/// A successor listens for clients once agents have come to it: until then the predecessor serves them better.
void App::consider_listening() {
    if (listening_) {
        return;
    }
    const net::Time now = net::Clock::now();
    if (!first_session_ && ready_sessions() > 0) {
        first_session_ = now;
    }
    if (!succeeding_ || now >= started_ + kSuccessorPatience ||
        (first_session_ && now >= *first_session_ + kSuccessorSettle)) {
        listen();
    }
}

void App::listen() {
    listening_ = true;
    // One after the other: the kernel numbers the sockets of a group in the order in which they listen.
    for (const auto& side : sides_) {
        std::latch done(1);
        Result<> outcome;
        const auto work = [&] {
            outcome = side->listen();
            done.count_down();
        };
        if (&side->worker() == &main_worker()) {
            work();
        } else {
            side->worker().post(work);
            done.wait();
        }
        if (!outcome) {
            logging::error("cannot listen", {{"reason", outcome.error().message}});
        }
    }
    for (const net::HostPort& address : addresses_) {
        logging::info("listening for clients", {{"address", address.text()}});
    }
}

/// A successor has begun to listen for agents: they shall know both of us before either leaves.
void App::send_agents_over() {
    logging::info("a successor has come, agents are asked to open sessions with it");
    tunnel_listener_->socket().steer_to_successor(1);
    for (const auto& side : sides_) {
        side->worker().post([pool = &side->pool()] { pool->announce_successor(); });
    }
}

void App::tick() {
    look_at_store();
    if (drain_started_) {
        continue_drain();
    } else {
        consider_listening();
    }
    ticker_->expires_after(kTick);
    ticker_->async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            tick();
        }
    });
}

void App::await_signal() {
    signals_->async_wait([this](const boost::system::error_code& error, int) {
        if (error) {
            return;
        }
        if (drain_started_) {
            logging::warn("stopped at once by a second signal");
            stop();
        } else {
            drain();
        }
        await_signal();
    });
}

void App::drain() {
    drain_started_ = net::Clock::now();
    logging::info("draining");
    if (tunnel_listener_) {
        tunnel_listener_->socket().steer_to_successor(1);
        tunnel_listener_->stop();
    }
    for (const auto& side : sides_) {
        side->worker().post([of = side.get(), workers = static_cast<unsigned>(sides_.size())] { of->drain(workers); });
    }
}

void App::continue_drain() {
    const net::Time now = net::Clock::now();
    if (now >= *drain_started_ + kAcceptWindow && !sessions_closing_) {
        sessions_closing_ = true;
        for (const auto& side : sides_) {
            side->worker().post([of = side.get()] { of->close_listeners(); });
        }
        return;
    }
    const bool idle = std::ranges::all_of(sides_, [](const auto& side) { return side->connections() == 0; });
    if ((sessions_closing_ && idle) || now >= *drain_started_ + kGrace) {
        logging::info(idle ? "drained" : "the grace period is over");
        stop();
    }
}

void App::stop() {
    for (const auto& side : sides_) {
        side->worker().stop();
    }
}

int App::run() {
    if (status_) {
        status_->start();
        logging::info("status", {{"address", status_->address().text()}});
    }
    if (tunnel_listener_) {
        logging::info("listening for agents", {{"address", tunnel_listener_->socket().address().text()}});
        net::spawn(main_worker().context(), "the tunnel listener", tunnel_listener_->run());
        succession_->start();
    }
    await_signal();
    for (std::size_t i = 1; i < sides_.size(); ++i) {
        sides_[i]->worker().start();
    }
    boost::asio::post(main_worker().context(), [this] { tick(); });
    logging::info("connector started", {{"version", ADIT_VERSION},
                                        {"workers", sides_.size()},
                                        {"routes", configuration_.routes.size()},
                                        {"successor", succeeding_}});
    main_worker().run();
    for (const auto& side : sides_) {
        side->worker().join();
    }
    return 0;
}

}  // namespace

int run_connector(config::Configuration configuration) {
    logging::set_up(configuration.log.level, configuration.log.format);
    App app(std::move(configuration));
    if (auto prepared = app.prepare(); !prepared) {
        std::cerr << "adit-connector: " << prepared.error().message << '\n';
        return prepared.error().usage ? 2 : 1;
    }
    return app.run();
}

}  // namespace adit
