// The connector's life: its tick, its signals and its leaving; see app.h.
#include "connector/app.h"

#include <csignal>
#include <iostream>
#include <latch>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 50ms;
constexpr auto kStoreInterval = 500ms;  ///< so that a revoked key's sessions end within two seconds
constexpr auto kFilesInterval = 500ms;  ///< a change is taken up after it has stood for one
constexpr auto kCircuitsInterval = 250ms;
constexpr auto kWireGuardInterval = 2s;
constexpr auto kDeviceRetry = 500ms;
constexpr auto kHelperLeaves = 1500ms;    ///< the helper of one that was killed has the port for its last words
constexpr auto kAcceptWindow = 2s;        ///< a leaving connector takes clients until its successor surely does
constexpr auto kSuccessorPatience = 5s;   ///< a successor listens at the latest after this, with or without agents
constexpr auto kSuccessorSettle = 300ms;  ///< after the first agent, for the others
constexpr auto kGrace = 30s;

}  // namespace

void App::look_at_store() {
    if (!store_ || net::Clock::now() < store_looked_ + kStoreInterval) {
        return;
    }
    store_looked_ = net::Clock::now();
    if (!drain_started_) {
        service_.status(std::to_string(ready_sessions()) + " sessions with agents");
    }
    const bool changed = store_->look();
    tell_troubles();
    record_tunnels();
    std::shared_ptr<const tunnel::Table> table;
    if (changed) {
        table = std::make_shared<tunnel::Table>(store_->records());
        logging::info("tunnels loaded", {{"tunnels", table->tunnels()}});
        expiries_.show_keys(store_->records());
        for (const TunnelRecord& tunnel : store_->records()) {
            metrics_.tunnel_known(tunnel.name);
        }
        if (wireguard_) {
            wireguard_->use(store_->records());
        }
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

/// Each once; the gauge as long as it lasts.
void App::tell_troubles() {
    for (const StoreWatch::Trouble& trouble : advised(store_->take_new_troubles())) {
        const bool all = trouble.what == StoreWatch::Trouble::What::directory;
        logging::error(all ? "the tunnels' directory cannot be read, its last good state stays"
                           : "a tunnel's file is not used, its last good state stays",
                       {{"reason", trouble.reason}});
    }
    const auto troubles = store_->troubles();
    const bool all = !troubles.empty() && troubles.front().what == StoreWatch::Trouble::What::directory;
    metrics_.store_unreadable(all, all ? 0 : troubles.size());
    if (std::exchange(store_ails_, !troubles.empty()) && troubles.empty()) {
        logging::info("all files of tunnels are read again");
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
    for (std::size_t i = 0; i < sides_.size(); ++i) {
        std::latch done(1);
        const auto work = [&] {
            for (auto& [listener, socket] : first_sockets_[i]) {
                const net::Address address = socket.address();
                if (auto listening = sides_[i]->listen(listener, std::move(socket)); !listening) {
                    logging::error("cannot listen", {{"reason", listening.error().message}});
                } else if (i == 0) {
                    logging::info("listening for clients", {{"address", address.text()}});
                }
            }
            done.count_down();
        };
        if (i == 0) {
            work();
        } else {
            sides_[i]->worker().post(work);
            done.wait();
        }
    }
    first_sockets_.clear();
    service_.ready();
}

/// The configuration and its certificates are followed while they are edited.
void App::look_at_files() {
    if (net::Clock::now() < files_looked_ + kFilesInterval) {
        return;
    }
    files_looked_ = net::Clock::now();
    if (watched_.changed()) {
        reload({.why = "a file has changed", .by = {"file change", "this connector"}});
    }
}

/// A successor has begun to listen for agents: they shall know both of us before either leaves.
void App::send_agents_over() {
    logging::info("a successor has come, agents are asked to open sessions with it");
    if (tunnel_listener_) {
        tunnel_listener_->socket().steer_to_successor(1);
    }
    for (const auto& side : sides_) {
        side->worker().post([pool = &side->pool()] { pool->announce_successor(); });
    }
}

/// Whoever had the device before us may keep its port or its interface for a while: a predecessor whose device we
/// cannot take over, or a successor that has just gone (`patient`: as long as that takes), or the helper of a connector
/// that was killed.
net::Task<> App::open_wireguard(net::Descriptor inherited, bool patient) {
    const net::Time given_up = net::Clock::now() + kHelperLeaves;
    for (;;) {
        const Result<> opened = co_await wireguard_->open(std::exchange(inherited, {}));
        if (opened) {
            co_return;
        }
        if (opened.error().usage || (!patient && net::Clock::now() >= given_up)) {
            logging::error("cannot open the WireGuard device", {{"reason", opened.error().message}});
            exit_status_ = opened.error().usage ? 2 : 1;
            stop();
            co_return;
        }
        logging::warn("cannot open the WireGuard device yet", {{"reason", opened.error().message}});
        co_await net::sleep_for(main_worker().loop(), kDeviceRetry);
    }
}

/// A successor that has just ended closes one descriptor after the other: its admin socket may be the last.
net::Task<> App::take_admin_back() {
    const net::Time given_up = net::Clock::now() + kHelperLeaves;
    for (;;) {
        const Result<> listening = status_->listen_again();
        if (listening) {
            co_return;
        }
        if (net::Clock::now() >= given_up) {
            logging::error("the admin socket is lost", {{"reason", listening.error().message}});
            co_return;
        }
        co_await net::sleep_for(main_worker().loop(), kTick);
    }
}

void App::look_at_wireguard() {
    if (wireguard_ && net::Clock::now() >= wireguard_looked_ + kWireGuardInterval) {
        wireguard_looked_ = net::Clock::now();
        std::set<boost::asio::ip::address> with_session;
        for (const auto& info : sessions()) {
            if (info->inner) {
                with_session.insert(*info->inner);
            }
        }
        net::spawn(main_worker().context(), "a look at the WireGuard device",
                   wireguard_->look(std::move(with_session)));
    }
}

/// Keys that came, went or are due: on a thread where neither the disk nor the making of an RSA key holds anybody up.
void App::look_at_issuers() {
    const credential::Issuers& issuers = generation_->issuers;
    const net::Time now = net::Clock::now();
    const bool due = std::ranges::any_of(
        issuers, [&](const auto& one) { return now >= issuers_looked_ + one.second->look_interval(); });
    if (!due || issuers_looking_) {
        return;
    }
    issuers_looked_ = now;
    issuers_looking_ = true;
    const auto look = [issuers] {
        for (const auto& [name, issuer] : issuers) {
            issuer->look(std::chrono::system_clock::now());
        }
    };
    reloader_->run(look, [this, issuers] {
        record_keys(issuers);
        issuers_looking_ = false;
    });
}

/// A recovery ends although nobody calls.
void App::look_at_circuits() {
    if (net::Clock::now() >= circuits_looked_ + kCircuitsInterval) {
        circuits_looked_ = net::Clock::now();
        circuits_.look();
    }
}

void App::tick() {
    sandbox::look_again(sandbox_, registry_);  // tokens that are fetched are secrets, too
    look_at_store();
    look_at_issuers();
    look_at_circuits();
    degrading_.look(*generation_);
    look_at_wireguard();
    telemetry_.tidy();
    fleet_.sparing().tell_left_out(net::Clock::now());
    fabric_.state->tick(net::Clock::now());
    for (const auto& ring : generation_->ticket_rings) {
        if (ring) {
            ring->turn();  // though nobody connects, old keys go
        }
    }
    if (drain_started_) {
        continue_drain();
    } else {
        consider_listening();
        look_at_files();
    }
    dispose_retired();
    ticker_->expires_after(kTick);
    ticker_->async_wait([this](const boost::system::error_code& error) {
        if (!error && !ending_) {
            tick();
        }
    });
}

void App::await_signal() {
    signals_->async_wait([this](const boost::system::error_code& error, int signal) {
        if (error || ending_) {
            return;
        }
        if (signal == SIGHUP) {
            reload({.why = "SIGHUP", .by = {"signal", "SIGHUP"}});
        } else if (drain_started_) {
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
    service_.stopping(kGrace);
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
    last_resort_->begin();
    overload_watch_->stop();
    for (const auto& side : sides_) {
        side->worker().stop();
    }
}

int App::run() {
    if (status_) {
        status_->start();
        logging::info("status", {{"address", status_->address().text()}});
    }
    if (watchers_) {
        watchers_->start();
        logging::info("status, to be read only", {{"address", watchers_->address().text()}});
    }
    if (tunnel_listener_) {
        logging::info("listening for agents", {{"address", tunnel_listener_->socket().address().text()}});
        net::spawn(main_worker().context(), "the tunnel listener", tunnel_listener_->run());
    }
    if (succession_) {
        succession_->start();
    }
    await_signal();
    for (std::size_t i = 1; i < sides_.size(); ++i) {
        sides_[i]->worker().start();
    }
    boost::asio::post(main_worker().context(), [this] { tick(); });
    overload_watch_->start();
    tell_notices(generation_->configuration);
    logging::info("connector started", {{"version", ADIT_VERSION},
                                        {"workers", sides_.size()},
                                        {"routes", generation_->configuration.routes.size()},
                                        {"successor", succeeding_}});
    main_worker().run();
    for (const auto& side : sides_) {
        side->worker().join();
    }
    telemetry_.finish();
    return exit_status_;
}

int run_connector(const std::filesystem::path& file, config::Configuration configuration) {
    logging::set_up(configuration.log.level, configuration.log.format);
    App app(file);
    if (auto prepared = app.prepare(std::move(configuration)); !prepared) {
        std::cerr << "adit-connector: " << prepared.error().message << '\n';
        return prepared.error().usage ? 2 : 1;
    }
    return app.run();
}

}  // namespace adit
