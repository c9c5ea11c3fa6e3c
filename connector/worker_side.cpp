// A worker's parts and its clients; see worker_side.h. Its backends are in worker_backends.cpp.
#include "connector/worker_side.h"

#include <unistd.h>

#include <algorithm>

#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/spawn.h"
#include "common/net/tcp_stream.h"
#include "common/tls/tls_stream.h"
#include "connector/http/http1_connection.h"
#include "connector/http/http2_connection.h"

namespace adit {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTlsHandshake = 10s;

bool logs_requests(const Generation& generation) {
    return generation.configuration.log.level <= logging::Level::info;
}

/// Counts a connection for as long as it lives.
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
};

/// What the client did to its connection, over HTTP or below it; empty: nothing.
std::string_view fault_of(const tls::TlsStream* tls, std::string_view fault = {}) {
    return fault.empty() && tls != nullptr && tls->flooded() ? "flood" : fault;
}

}  // namespace

/// What a client's connection is served by, from its accept to its end.
struct WorkerSide::Terms {
    http::ServerSettings settings;
    std::shared_ptr<const tls::Context> tls;  ///< null: clear text
    std::shared_ptr<ListenerMetrics> metrics;
    std::size_t limit = 0;
    std::uint32_t limit_per_client = 0;  ///< 0: none
    bool asks_clients = false;           ///< for certificates: who is refused shall be found in the log

    /// Whom it trusts is decided by other files now: who was let in by these may not be let in any more.
    bool trusts_otherwise_than(const Terms& now) const { return asks_clients && tls != now.tls; }
    /// A connection that begins by `now` would be another one.
    bool differs_from(const Terms& now) const {
        return settings.role != now.settings.role || trusts_otherwise_than(now);
    }
};

/// One listener of one worker.
struct WorkerSide::ListenerSide {
    std::string name;  ///< as configured, as is the address
    net::HostPort address;
    std::shared_ptr<const Terms> terms;
    std::unique_ptr<net::Listener> listener;
    std::unique_ptr<proxy::ForwardProxy> proxy;  ///< made when the listener first is one
    net::IdlePlaces idle;                        ///< of this worker's connections, those that may give way
    bool closed = false;
};

/// Who comes to a listener.
struct WorkerSide::Arrival {
    std::string ip;
    Tally<ClientKey>::Share share;  ///< of the client's connections, where these have a bound
};

WorkerSide::WorkerSide(unsigned index, const Shared& shared, std::shared_ptr<const Generation> generation)
    : shared_(shared),
      generation_(std::move(generation)),
      worker_(index),
      pool_(worker_, shared.fleet, shared.metrics, shared.switchboard),
      access_log_(worker_.loop(), logs_requests(*generation_)),
      tracer_(worker_.loop()),
      shedding_{shared.fabric.overload, shared.shed, index},
      pipeline_(make_serving(generation_, nullptr), access_log_, tracer_, shedding_) {
    shared_.switchboard.connect(pool_);
    if (index == 0) {
        checks_ = std::make_unique<health::Checks>(worker_.loop(), "adit-connector/" ADIT_VERSION " (health check)");
        check_health(nullptr);
    }
}

WorkerSide::~WorkerSide() = default;

namespace {

/// What clients of a forward proxy ask is their targets': pages of ours have no place there.
std::string problem_types(const config::Problems& problems, const config::Listener& listener) {
    return std::string(!problems.base.empty()   ? std::string_view(problems.base)
                       : listener.forward_proxy ? problem::kNames
                                                : problem::kOwnPages);
}

}  // namespace

std::shared_ptr<const WorkerSide::Terms> WorkerSide::make_terms(std::size_t listener) const {
    const config::Listener& from = generation_->configuration.listeners[listener];
    auto terms = std::make_shared<Terms>();
    terms->settings.head.bytes = from.limits.header_bytes;
    terms->settings.header_timeout = from.limits.header_timeout;
    terms->settings.idle_timeout = from.limits.idle_timeout;
    terms->settings.body_bytes = from.limits.body_bytes;
    terms->settings.pseudonym = shared_.pseudonym;
    terms->settings.problem_types = problem_types(generation_->configuration.problems, from);
    terms->settings.tls = from.tls.has_value();
    terms->settings.role = from.forward_proxy ? http::Role::proxy : http::Role::gateway;
    terms->settings.http2 = from.http2;
    terms->settings.concurrent_streams = from.limits.concurrent_streams;
    terms->settings.https_redirect_port = from.https_redirect_port;
    terms->settings.trust.proxies = from.trusted_proxies;
    terms->settings.trust.field = from.caller_field == config::Listener::CallerField::forwarded
                                      ? http::CallerField::forwarded
                                      : http::CallerField::x_forwarded_for;
    terms->tls = generation_->listener_tls[listener].context;
    terms->metrics = generation_->listener_metrics[listener];
    terms->settings.least_rate = {from.limits.min_rate, from.limits.min_rate_after};
    terms->limit = from.limits.connections;
    terms->limit_per_client = from.limits.connections_per_client;
    terms->asks_clients = from.tls && !from.tls->client_ca.empty();
    return terms;
}

Result<> WorkerSide::listen(std::size_t listener, net::ListenSocket socket) {
    if (auto listening = socket.listen(); !listening) {
        return listening;
    }
    ListenerSide& side = listeners_.emplace_back();
    side.name = generation_->configuration.listeners[listener].name;
    side.address = generation_->configuration.listeners[listener].address;
    use_terms(side, listener);
    side.listener = std::make_unique<net::Listener>(
        worker_.loop(), std::move(socket), [this, &side](int fd, const net::Address& peer) { accept(side, fd, peer); });
    net::spawn(worker_.context(), "a listener", side.listener->run());
    return {};
}

/// A client at its own bound costs nobody else a place, so that comes first. At the listener's bound this worker's
/// connection that has been idle longest makes room; it is gone a moment later.
void WorkerSide::accept(ListenerSide& side, int fd, const net::Address& peer) {
    const Terms& terms = *side.terms;
    ListenerMetrics& metrics = *terms.metrics;
    const auto turn_away = [fd](metrics::Counter& reason) {
        reason.Increment();
        ::close(fd);
    };
    if (shared_.fabric.overload.short_of_descriptors()) {
        return turn_away(metrics.refused_for_descriptors);
    }
    const auto ip = net::plain(peer.ip);
    const std::uint32_t most = terms.limit_per_client;
    Arrival arrival{ip.to_string(), most > 0 ? metrics.clients.enter(client_key(ip), most) : Tally<ClientKey>::Share()};
    if (most > 0 && !arrival.share) {
        return turn_away(metrics.refused_for_client);
    }
    if (metrics.open.fetch_add(1, std::memory_order_relaxed) >= terms.limit) {
        if (!side.idle.free_one()) {
            metrics.open.fetch_sub(1, std::memory_order_relaxed);
            return turn_away(metrics.refused);
        }
        metrics.gave_way.Increment();
    }
    net::spawn(worker_.context(), "a client's connection", serve(side, side.terms, fd, std::move(arrival)));
}

void WorkerSide::adopt(std::shared_ptr<const Generation> generation) {
    const auto previous = std::exchange(generation_, std::move(generation));
    pipeline_.serve_by(make_serving(generation_, pipeline_.serving().get()));
    check_health(previous.get());
    access_log_.turn(logs_requests(*generation_));
    const auto& configured = generation_->configuration.listeners;
    for (ListenerSide& side : listeners_) {
        const auto now = std::ranges::find_if(configured, [&](const config::Listener& listener) {
            return listener.name == side.name && listener.address == side.address;
        });
        if (side.closed) {
            continue;
        }
        if (now != configured.end()) {
            use_terms(side, static_cast<std::size_t>(now - configured.begin()));
            continue;
        }
        side.closed = true;
        side.listener->stop();
        drain(side);
    }
}

/// Terms of the current generation. Connections that they would have begun otherwise end after their next answer: a
/// proxy's where it serves routes now and the other way round, and those whose certificate another CA or revocation
/// list would refuse.
void WorkerSide::use_terms(ListenerSide& side, std::size_t listener) {
    const auto& proxy = generation_->proxies[listener];
    const auto before = std::exchange(side.terms, make_terms(listener));
    if (proxy && side.proxy) {
        side.proxy->serve_by(proxy);
    } else if (proxy) {
        side.proxy = std::make_unique<proxy::ForwardProxy>(proxy, pool_, access_log_, tracer_, shedding_);
    }
    if (before && before->differs_from(*side.terms)) {
        drain(side);
    }
}

/// Its connections end after their next answer.
void WorkerSide::drain(const ListenerSide& side) {
    for (const auto& [connection, of] : connections_) {
        if (of == &side) {
            connection->drain();
        }
    }
}

http::Handler& WorkerSide::handler(const ListenerSide& side, const Terms& terms) {
    if (terms.settings.role == http::Role::proxy) {
        return *side.proxy;
    }
    return pipeline_;
}

void WorkerSide::tell_refused(const ListenerSide& side, std::string_view client, const std::string& why) {
    if (shared_.fleet.sparing().may_write("client", worker_.loop().now())) {
        logging::info("client refused", {{"listener", side.name}, {"client", client}, {"reason", "TLS: " + why}});
    }
}

/// Attackers open connections as fast as they lose them: each is counted, a few are told.
void WorkerSide::note_fault(const ListenerSide& side, const Terms& terms, std::string_view client,
                            std::string_view fault) {
    if (fault.empty()) {
        return;
    }
    terms.metrics->ended(fault);
    if (shared_.fleet.sparing().may_write("client-ended", worker_.loop().now())) {
        logging::warn("client connection ended for what the client did",
                      {{"listener", side.name}, {"client", client}, {"reason", fault}});
    }
}

net::Task<> WorkerSide::serve(ListenerSide& side, std::shared_ptr<const Terms> terms, int fd, Arrival arrival) {
    const Counted counted(*terms->metrics, connections_open_);
    net::Place place(side.idle);
    http::Peer peer{.ip = arrival.ip, .place = &place};
    std::unique_ptr<net::Stream> stream = std::make_unique<net::TcpStream>(worker_.loop(), fd);
    const tls::TlsStream* tls = nullptr;  // owned by whoever has the stream
    bool http2 = false;
    if (terms->tls) {
        auto secured = std::make_unique<tls::TlsStream>(std::move(stream), *terms->tls, tls::TlsStream::Side::server);
        const net::AbortAt guard(*secured, worker_.loop().now() + kTlsHandshake);
        const net::StreamInPlace tenant(&place, *secured);
        if (const net::Status failed = co_await secured->handshake()) {
            const bool refused = failed == net::Errc::tls_handshake && secured->heard();
            if (!place.gave_way() && (refused || failed == net::Errc::timed_out)) {
                terms->metrics->ended("handshake");
            }
            if (terms->asks_clients && !place.gave_way()) {
                tell_refused(side, peer.ip, secured->problem());
            }
            co_return;
        }
        // A reload while it ran: the files of before have verified the certificate, and no request has begun that
        // would have to be finished.
        if (terms->trusts_otherwise_than(*side.terms)) {
            tell_refused(side, peer.ip, "what verifies clients has changed during the handshake");
            co_return;
        }
        http2 = secured->alpn() == "h2";
        peer.certificate = secured->peer_certificate();
        tls = secured.get();
        stream = std::move(secured);
    }
    http::Handler& by = handler(side, *terms);
    if (!http2) {
        http::Http1Connection connection(std::move(stream), peer, terms->settings, by);
        co_await run(connection, side, *terms);
        note_fault(side, *terms, arrival.ip, fault_of(tls));
        stream = connection.take_http2();
    }
    if (stream) {
        http::Http2Connection connection(std::move(stream), std::move(peer), terms->settings, by);
        co_await run(connection, side, *terms);
        note_fault(side, *terms, arrival.ip, fault_of(tls, connection.fault()));
    }
}

net::Task<> WorkerSide::run(http::Connection& connection, const ListenerSide& side, const Terms& terms) {
    connections_.emplace(&connection, &side);
    if (draining_ || side.closed || terms.differs_from(*side.terms)) {
        connection.drain();
    }
    co_await connection.run();
    connections_.erase(&connection);
}

void WorkerSide::drain(unsigned workers) {
    draining_ = true;
    for (const ListenerSide& side : listeners_) {
        if (!side.closed) {
            side.listener->socket().steer_to_successor(workers);
        }
    }
    pool_.drain();
    for (const auto& [connection, side] : connections_) {
        connection->drain();
    }
}

void WorkerSide::close_listeners() {
    for (ListenerSide& side : listeners_) {
        side.listener->stop();
    }
}

}  // namespace adit
