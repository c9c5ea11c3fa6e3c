// Making the connector's parts, in the order in which they need each other; see app.h.
#include <boost/json.hpp>
#include <map>
#include <thread>
#include <tuple>

#include "common/log/log.h"
#include "connector/app.h"
#include "connector/config/tunnel_settings.h"
#include "connector/session_table.h"

namespace adit {

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
              .listener_metrics = {},
              .origin_tls = {},
              .pseudonym = "adit-" + random_base62(8),
              .log_requests = configuration_.log.level <= logging::Level::info} {
    for (const config::RouteRule& route : configuration_.routes) {
        shared_.route_metrics.push_back(metrics_.route(route.name));
    }
    for (const config::Backend& backend : configuration_.backends) {
        shared_.backend_metrics.push_back(metrics_.backend(backend.name));
    }
    for (const config::Listener& listener : configuration_.listeners) {
        shared_.listener_metrics.push_back(metrics_.listener(listener.name));
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

Result<> App::load_origin_tls() {
    using Files = std::tuple<std::filesystem::path, std::filesystem::path, std::filesystem::path>;
    std::map<Files, std::shared_ptr<const tls::Context>> made;  // the system's CAs are read once for all backends
    for (const config::Backend& backend : configuration_.backends) {
        std::shared_ptr<const tls::Context>& context = made[{backend.tls.ca, backend.tls.certificate, backend.tls.key}];
        if (!context) {
            auto loaded = tls::Context::origin(backend.tls.ca, backend.tls.certificate, backend.tls.key);
            if (!loaded) {
                return std::unexpected(std::move(loaded.error()));
            }
            context = std::make_shared<const tls::Context>(std::move(*loaded));
        }
        shared_.origin_tls.push_back(context);
    }
    return {};
}

void App::make_workers() {
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

Result<> App::prepare() {
    if (auto loaded = load_origin_tls(); !loaded) {
        return loaded;
    }
    make_workers();
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

}  // namespace adit
