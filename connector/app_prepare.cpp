// Making the connector's parts, in the order in which they need each other; see app.h.
#include <unistd.h>

#include <csignal>
#include <thread>

#include "common/log/log.h"
#include "common/net/spawn.h"
#include "connector/app.h"
#include "connector/config/tunnel_settings.h"
#include "connector/confinement.h"
#include "connector/tunnel/dialer.h"

namespace adit {
namespace {

constexpr std::chrono::seconds kEnding{10};  ///< for what ends at once unless a thread hangs

}  // namespace

App::App(std::filesystem::path file)
    : file_(std::move(file)),
      shared_{.metrics = metrics_,
              .resolver = resolver_,
              .fleet = fleet_,
              .switchboard = switchboard_,
              .fabric = fabric_,
              .shed = shed_metrics_,
              .pseudonym = "adit-" + random_base62(8)} {
    fabric_.state = std::make_unique<state::Store>(registry_, resolver_, shared_.pseudonym);
    fabric_.state->watch([this](const state::Standing& standing) {
        fabric_.events.tell({.kind = standing.answers ? event::Kind::state_back : event::Kind::state_lost,
                             .subject = "state",
                             .reason = standing.trouble,
                             .details = {{"master", standing.master}}});
    });
    fabric_.shared_circuits = state::SharedCircuits::make(*fabric_.state, fabric_.circuits);
    fabric_.circuit_watch.share_by(fabric_.shared_circuits.get());
}

App::~App() {
    ending_ = true;
    reloader_.reset();
    overload_watch_.reset();
    // All coroutines end before anything that they use does.
    for (status::Server* server : {status_.get(), watchers_.get()}) {
        if (server != nullptr) {
            server->stop();
        }
    }
    for (const auto& side : sides_) {
        side->worker().finish();
    }
    fabric_.state->detach();
    desk_.close();
}

void App::make_workers() {
    const unsigned configured = generation_->configuration.workers;
    const unsigned workers = configured == 0 ? std::max(1U, std::thread::hardware_concurrency()) : configured;
    std::vector<tunnel::Pool*> pools;
    for (unsigned i = 0; i < workers; ++i) {
        sides_.push_back(std::make_unique<WorkerSide>(i, shared_, generation_));
        pools.push_back(&sides_.back()->pool());
        fabric_.state->attach(sides_.back()->worker());
    }
    for (tunnel::Pool* pool : pools) {
        pool->join(pools);
    }
}

/// What is fetched from elsewhere may be reached by the tunnels of the main worker.
void App::open_desk() {
    fetch::Desk::ThroughTunnel through;
    if (generation_->configuration.tunnels) {
        through = [pool = &sides_.front()->pool()](const std::string& service) {
            return std::make_unique<tunnel::TunnelDialer>(*pool, service);
        };
    }
    desk_.open(main_worker(), std::move(through));
}

void App::watch_for_overload() {
    fabric_.overload.configure(generation_->configuration.shed);
    std::vector<net::Worker*> workers;
    workers.reserve(sides_.size());
    for (const auto& side : sides_) {
        workers.push_back(&side->worker());
    }
    overload_watch_ =
        std::make_unique<OverloadWatch>(fabric_.overload, shed_metrics_, fabric_.events, std::move(workers));
}

Result<App::Bound> App::bind(const Generation& generation, const std::vector<std::size_t>& listeners) const {
    Bound bound(sides_.size());
    for (const std::size_t index : listeners) {
        net::HostPort address = generation.configuration.listeners[index].address;
        for (auto& sockets : bound) {
            auto socket = net::ListenSocket::bind(address);
            if (!socket) {
                return std::unexpected(std::move(socket.error()));
            }
            address.port = socket->address().port;  // the others join the port that the first one got
            sockets.emplace_back(index, std::move(*socket));
        }
    }
    return bound;
}

Result<> App::prepare(config::Configuration configuration) {
    const Generation::Means means{metrics_, desk_, shared_.pseudonym, fabric_};
    auto generation = Generation::make(std::move(configuration), means, nullptr);
    if (!generation) {
        return std::unexpected(std::move(generation.error()));
    }
    generation_ = std::move(*generation);
    fixed_.emplace(generation_->configuration);
    if (auto made = make_missing_keys(generation_->configuration); !made) {
        return made;
    }
    // All files are known now, and no thread has been started yet.
    auto entered = sandbox::enter(confinement(*generation_), registry_);
    if (!entered) {
        return std::unexpected(std::move(entered.error()));
    }
    sandbox_ = std::move(*entered);
    make_workers();
    signals_ = std::make_unique<boost::asio::signal_set>(main_worker().context(), SIGTERM, SIGINT, SIGHUP);
    last_resort_ = std::make_unique<LastResort>(kEnding);  // before the first thread that may wait for a disk
    auto telemetry = telemetry_.prepare(generation_->configuration.log, generation_->configuration.tracing);
    if (!telemetry) {
        return std::unexpected(std::move(telemetry.error()));
    }
    fabric_.state->use(generation_->state);
    watch_for_overload();
    open_desk();
    take_up_telemetry(std::move(*telemetry));
    fabric_.events.speak_as(shared_.pseudonym);
    take_up_resilience();
    reloader_ = std::make_unique<Reloader>(file_, means, main_worker());
    generation_->prefetch();
    std::vector<std::size_t> all;
    for (const config::Listener& listener : generation_->configuration.listeners) {
        succeeding_ = succeeding_ || net::ListenSocket::taken(listener.address);
        all.push_back(all.size());
    }
    auto bound = bind(*generation_, all);
    if (!bound) {
        return std::unexpected(std::move(bound.error()));
    }
    first_sockets_ = std::move(*bound);
    if (auto prepared = prepare_tunnels(); !prepared) {
        return prepared;
    }
    ticker_ = std::make_unique<boost::asio::steady_timer>(main_worker().context());
    watched_.follow(generation_->files());
    return prepare_status();
}

Result<> App::prepare_tunnels() {
    if (!generation_->configuration.tunnels) {
        return {};
    }
    const auto settings = config::tunnel_settings(generation_->configuration, config::machine_name());
    if (!settings) {
        return std::unexpected(settings.error());
    }
    if (settings->tls) {
        if (auto prepared = prepare_tls_door(*settings->tls); !prepared) {
            return prepared;
        }
    } else if (auto made = make_gates(nullptr); !made) {
        return made;
    }
    if (settings->wireguard) {
        if (auto prepared = prepare_wireguard_door(*settings->wireguard); !prepared) {
            return prepared;
        }
    }
    prepare_succession(*settings);
    store_ = std::make_unique<StoreWatch>(settings->directory);
    return {};
}

Result<> App::make_gates(const tls::PrivateKey* key) {
    tunnel::Gate::Settings gate_settings;
    gate_settings.sessions_per_key = generation_->configuration.tunnels->sessions_per_key;
    gate_settings.invitation.instance = shared_.pseudonym;
    gate_settings.invitation.workers = static_cast<unsigned>(sides_.size());
    gate_settings.invitation.wanted_sessions = gate_settings.invitation.workers;
    gate_settings.invitation.probe_interval = gate_settings.session.probe_interval;
    for (const auto& side : sides_) {
        auto gate = tunnel::Gate::make(side->pool(), key, gate_settings);
        if (!gate) {
            return std::unexpected(std::move(gate.error()));
        }
        gates_.push_back(std::move(*gate));
    }
    return {};
}

Result<> App::prepare_tls_door(const config::TlsSettings& settings) {
    bool made = false;
    const auto key = tls::PrivateKey::load_or_make(settings.key, made);
    if (!key) {
        return std::unexpected(key.error());
    }
    if (auto gates = make_gates(&*key); !gates) {
        return gates;
    }
    auto socket = net::ListenSocket::bind(settings.listen);
    if (!socket) {
        return std::unexpected(std::move(socket.error()));
    }
    if (auto listening = socket->listen(); !listening) {
        return listening;
    }
    tunnel_listener_ = std::make_unique<net::Listener>(
        main_worker().loop(), std::move(*socket),
        [this](int fd, const net::Address& from) { tunnel::deal(gates_, protocol::Transport::tls, fd, from); });
    return {};
}

Result<> App::prepare_wireguard_door(const config::WireGuardSettings& settings) {
    WireGuardDoor::Visits visits;
    visits.accepted = [this](int fd, const net::Address& from) {
        if (drain_started_) {
            ::close(fd);  // an agent that was quicker than our word that we leave
        } else {
            tunnel::deal(gates_, protocol::Transport::wireguard, fd, from);
        }
    };
    visits.stranger = [this](const net::Address& from) { tunnel::refuse_stranger(metrics_, fleet_, from); };
    auto door = WireGuardDoor::make(main_worker().loop(), metrics_, settings, std::move(visits));
    if (!door) {
        return std::unexpected(std::move(door.error()));
    }
    wireguard_ = std::move(*door);
    return {};
}

/// Two connectors find each other by the address at which agents come in.
void App::prepare_succession(const config::TunnelSettings& settings) {
    const auto open = [this](net::Descriptor inherited, bool patient) {
        if (wireguard_) {
            net::spawn(main_worker().context(), "the WireGuard device", open_wireguard(std::move(inherited), patient));
        }
    };
    Succession::Duties duties;
    duties.successor_came = [this] { send_agents_over(); };
    duties.bequeath = [this] { return wireguard_ ? wireguard_->release() : net::Descriptor(); };
    duties.inherited = [this, open](net::Descriptor gift) { open(std::move(gift), succeeding_); };
    duties.successor_gone = [this, open] {
        if (status_) {
            net::spawn(main_worker().context(), "the admin socket", take_admin_back());
        }
        if (wireguard_ && !drain_started_) {
            logging::warn("the successor has gone, WireGuard is opened anew");
            open({}, true);
        }
    };
    const std::string address = tunnel_listener_ ? tunnel_listener_->socket().address().text()
                                                 : "wireguard/" + settings.wireguard->listen.text();
    succession_ = std::make_unique<Succession>(main_worker().context(), address, std::move(duties));
}

}  // namespace adit
