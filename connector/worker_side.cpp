// A worker's parts and its clients; see worker_side.h.
#include "connector/worker_side.h"

#include <unistd.h>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "common/net/tcp_stream.h"
#include "common/tls/tls_stream.h"
#include "connector/backend/direct_dialer.h"
#include "connector/backend/tls_dialer.h"
#include "connector/tunnel/dialer.h"

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTlsHandshake = 10s;

std::unique_ptr<backend::Dialer> make_dialer(const config::Endpoint& endpoint, tunnel::Pool& pool,
                                             net::Resolver& resolver) {
    using Scheme = config::Endpoint::Scheme;
    if (endpoint.scheme == Scheme::service) {
        return std::make_unique<tunnel::TunnelDialer>(pool, endpoint.service);
    }
    return std::make_unique<backend::DirectDialer>(pool.loop(), resolver, net::HostPort{endpoint.host, endpoint.port},
                                                   endpoint.base_path, endpoint.scheme == Scheme::https);
}

}  // namespace

/// One listener of one worker.
struct WorkerSide::ListenerSide {
    http::ServerSettings settings;
    std::unique_ptr<tls::Context> tls;
    std::optional<net::ListenSocket> socket;
    std::unique_ptr<net::Listener> listener;
    std::shared_ptr<ListenerMetrics> metrics;
    std::size_t limit = 0;
};

WorkerSide::WorkerSide(unsigned index, const Shared& shared)
    : shared_(shared),
      worker_(index),
      pool_(worker_, shared.fleet, shared.metrics, shared.switchboard),
      access_log_(worker_.loop(), shared.log_requests),
      pipeline_(make_serving(), access_log_) {
    shared_.switchboard.connect(pool_);
}

WorkerSide::~WorkerSide() = default;

std::unique_ptr<policy::Serving> WorkerSide::make_serving() {
    auto serving = std::make_unique<policy::Serving>();
    serving->router = shared_.router;
    serving->route_metrics = shared_.route_metrics;
    serving->unrouted_metrics = shared_.unrouted_metrics;
    for (std::size_t i = 0; i < shared_.configuration.backends.size(); ++i) {
        const config::Backend& backend = shared_.configuration.backends[i];
        const auto& metrics = shared_.backend_metrics[i];
        std::vector<std::unique_ptr<backend::Endpoint>> endpoints;
        endpoints.reserve(backend.endpoints.size());
        for (const config::Endpoint& endpoint : backend.endpoints) {
            endpoints.push_back(std::make_unique<backend::Endpoint>(
                endpoint.text(),
                std::make_unique<backend::TlsDialer>(make_dialer(endpoint, pool_, shared_.resolver),
                                                     shared_.origin_tls[i], backend.tls.server_name, endpoint.text()),
                worker_.loop(), *metrics));
        }
        const config::Timeouts& times = backend.timeouts;
        serving->backends.push_back(std::make_unique<backend::Backend>(
            backend.name, backend::Timeouts{times.connect, times.first_byte, times.idle, times.total},
            std::move(endpoints), metrics));
    }
    return serving;
}

Result<> WorkerSide::bind(std::vector<net::HostPort>& addresses) {
    const auto& configured = shared_.configuration.listeners;
    for (std::size_t i = 0; i < configured.size(); ++i) {
        const config::Listener& from = configured[i];
        auto side = std::make_unique<ListenerSide>();
        side->settings.head.bytes = from.limits.header_bytes;
        side->settings.header_timeout = from.limits.header_timeout;
        side->settings.idle_timeout = from.limits.idle_timeout;
        side->settings.body_bytes = from.limits.body_bytes;
        side->settings.pseudonym = shared_.pseudonym;
        side->limit = from.limits.connections;
        side->metrics = shared_.listener_metrics[i];
        if (from.tls) {
            auto context = tls::Context::listener(from.tls->certificate, from.tls->key);
            if (!context) {
                return std::unexpected(std::move(context.error()));
            }
            side->settings.tls = true;
            side->tls = std::make_unique<tls::Context>(std::move(*context));
        }
        auto socket = net::ListenSocket::bind(addresses[i]);
        if (!socket) {
            return std::unexpected(std::move(socket.error()));
        }
        addresses[i].port = socket->address().port;  // the others join the port that the first one got
        side->socket.emplace(std::move(*socket));
        listeners_.push_back(std::move(side));
    }
    return {};
}

Result<> WorkerSide::listen() {
    for (const auto& side : listeners_) {
        if (auto listening = side->socket->listen(); !listening) {
            return listening;
        }
        ListenerSide* of = side.get();
        side->listener = std::make_unique<net::Listener>(
            worker_.loop(), std::move(*side->socket), [this, of](int fd, const net::Address& peer) {
                if (of->metrics->open.fetch_add(1, std::memory_order_relaxed) >= of->limit) {
                    of->metrics->open.fetch_sub(1, std::memory_order_relaxed);
                    of->metrics->refused.Increment();
                    ::close(fd);
                    return;
                }
                net::spawn(worker_.context(), "a client's connection", serve(*of, fd, peer.ip.to_string()));
            });
        net::spawn(worker_.context(), "a listener", side->listener->run());
    }
    return {};
}

net::Task<> WorkerSide::serve(ListenerSide& side, int fd, std::string client_ip) {
    struct Counted {
        Counted(ListenerMetrics& listener, std::atomic<std::size_t>& count) : of(listener), all(count) {
            all.fetch_add(1, std::memory_order_relaxed);
            of.connections.Increment();
        }
        ~Counted() {
            of.open.fetch_sub(1, std::memory_order_relaxed);
            all.fetch_sub(1, std::memory_order_relaxed);
            of.connections.Decrement();
        }
        ListenerMetrics& of;
        std::atomic<std::size_t>& all;
    } counted(*side.metrics, connections_open_);
    std::unique_ptr<net::Stream> stream = std::make_unique<net::TcpStream>(worker_.loop(), fd);
    if (side.tls) {
        auto secured = std::make_unique<tls::TlsStream>(std::move(stream), *side.tls, tls::TlsStream::Side::server);
        const net::AbortAt guard(*secured, worker_.loop().now() + kTlsHandshake);
        if (co_await secured->handshake()) {
            co_return;
        }
        stream = std::move(secured);
    }
    http::Connection connection(std::move(stream), std::move(client_ip), side.settings, pipeline_);
    connections_.insert(&connection);
    if (draining_) {
        connection.drain();
    }
    co_await connection.run();
    connections_.erase(&connection);
}

void WorkerSide::drain(unsigned workers) {
    draining_ = true;
    for (const auto& side : listeners_) {
        if (side->listener) {
            side->listener->socket().steer_to_successor(workers);
        }
    }
    pool_.drain();
    for (http::Connection* connection : connections_) {
        connection->drain();
    }
}

void WorkerSide::close_listeners() {
    for (const auto& side : listeners_) {
        if (side->listener) {
            side->listener->stop();
        }
    }
}

}  // namespace adit
