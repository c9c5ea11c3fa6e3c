// Names, help texts and label values of the connector's metrics; see metrics.h.
#include "connector/admin/metrics.h"

#include <algorithm>
#include <array>

namespace adit {
namespace {

constexpr std::array kDurations{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0};
constexpr std::array kTries{1.0, 2.0, 3.0, 4.0, 6.0, 10.0};
constexpr int kStatusMost = 600;
constexpr const char* kHedges = "adit_connector_hedges_total";
constexpr const char* kHedgesHelp = "Second tries beside slow ones, by whether their answer came first.";
constexpr const char* kAuthenticated = "adit_authentications_total";
constexpr const char* kAuthenticatedHelp = "Credentials that authentication policies have looked at, by result.";
constexpr const char* kRefused = "adit_connector_client_refused_total";
constexpr const char* kRefusedHelp =
    "Client connections closed for want of a place: the one that did nothing for longest (gave_way), or the new one "
    "where all had requests (connections), its client had its most (per_client), or few descriptors were left.";
constexpr const char* kMirrored = "adit_connector_mirror_requests_total";
constexpr const char* kMirroredHelp = "Requests of routes with a mirror, by what became of their copy, and why.";

}  // namespace

RouteMetrics::RouteMetrics(metrics::Registry& registry, const std::string& route)
    : registry_(registry),
      route_(route),
      codes_(kStatusMost),
      duration_(registry.histogram("adit_connector_request_duration_seconds",
                                   "Time from a request's head to the last byte of its answer.",
                                   {kDurations.begin(), kDurations.end()}, {{"route", route}})),
      request_bytes_(
          registry.counter("adit_connector_request_bytes_total", "Bytes of request bodies.", {{"route", route}})),
      response_bytes_(
          registry.counter("adit_connector_response_bytes_total", "Bytes of response bodies.", {{"route", route}})) {}

metrics::Counter& RouteMetrics::by_code(int status) {
    const auto index = static_cast<std::size_t>(std::clamp(status, 0, kStatusMost - 1));
    metrics::Counter* known = codes_[index].load(std::memory_order_acquire);
    if (known == nullptr) {
        known = &registry_.counter("adit_connector_requests_total", "Requests answered, by route and status.",
                                   {{"route", route_}, {"code", std::to_string(index)}});
        codes_[index].store(known, std::memory_order_release);
    }
    return *known;
}

void RouteMetrics::finished(int status, std::chrono::nanoseconds took, std::uint64_t request_bytes,
                            std::uint64_t response_bytes) {
    by_code(status).Increment();
    duration_.Observe(std::chrono::duration<double>(took).count());
    if (request_bytes > 0) {
        request_bytes_.Increment(static_cast<double>(request_bytes));
    }
    response_bytes_.Increment(static_cast<double>(response_bytes));
}

void RouteMetrics::failed(std::string_view reason) {
    registry_
        .counter("adit_connector_request_failures_total", "Requests that the connector itself failed, by reason.",
                 {{"route", route_}, {"reason", std::string(reason)}})
        .Increment();
}

void RouteMetrics::denied(std::string_view at) {
    registry_
        .counter("adit_access_denied_total", "Callers that access rules have kept off, by where they were kept off.",
                 {{"route", route_}, {"at", std::string(at)}})
        .Increment();
}

ShareMetrics::ShareMetrics(metrics::Registry& registry, const std::string& route, const std::string& backend) {
    for (std::size_t digit = 0; digit < classes_.size(); ++digit) {
        const std::string name = digit == 0 ? "none" : std::to_string(digit) + "xx";
        classes_[digit] = &registry.counter("adit_connector_split_requests_total",
                                            "Requests of routes with a split, by the backend that they went to.",
                                            {{"route", route}, {"backend", backend}, {"class", name}});
    }
}

void ShareMetrics::finished(int status) {
    classes_[static_cast<std::size_t>(std::clamp(status / 100, 0, 5))]->Increment();
}

MirrorMetrics::MirrorMetrics(metrics::Registry& registry, const std::string& route, const std::string& backend)
    : sent(registry.counter(kMirrored, kMirroredHelp,
                            {{"route", route}, {"backend", backend}, {"result", "sent"}, {"reason", ""}})),
      registry_(registry),
      route_(route),
      backend_(backend),
      skipped_{&with("skipped", "busy"), &with("skipped", "body"), &with("skipped", "incomplete"),
               &with("skipped", "upgrade"), &with("skipped", "access")} {}

metrics::Counter& MirrorMetrics::with(std::string_view result, std::string_view reason) {
    return registry_.counter(
        kMirrored, kMirroredHelp,
        {{"route", route_}, {"backend", backend_}, {"result", std::string(result)}, {"reason", std::string(reason)}});
}

void MirrorMetrics::skipped(Skip why) {
    skipped_[static_cast<std::size_t>(why)]->Increment();
}

void MirrorMetrics::failed(std::string_view reason) {
    with("failed", reason).Increment();
}

AuthenticationMetrics::AuthenticationMetrics(metrics::Registry& registry, const std::string& policy)
    : good(registry.counter(kAuthenticated, kAuthenticatedHelp, {{"policy", policy}, {"result", "good"}})),
      refused(registry.counter(kAuthenticated, kAuthenticatedHelp, {{"policy", policy}, {"result", "refused"}})),
      unavailable(
          registry.counter(kAuthenticated, kAuthenticatedHelp, {{"policy", policy}, {"result", "unavailable"}})) {}

BackendMetrics::BackendMetrics(metrics::Registry& registry, const std::string& backend)
    : active(registry.gauge("adit_connector_pool_connections", "Connections to origins.",
                            {{"backend", backend}, {"state", "active"}})),
      idle(registry.gauge("adit_connector_pool_connections", "Connections to origins.",
                          {{"backend", backend}, {"state", "idle"}})),
      reused(registry.counter("adit_connector_pool_reuse_total", "Exchanges on a kept connection.",
                              {{"backend", backend}})),
      tries(registry.histogram("adit_connector_request_tries", "How often one request was sent to an origin.",
                               {kTries.begin(), kTries.end()}, {{"backend", backend}})),
      hedges_won(registry.counter(kHedges, kHedgesHelp, {{"backend", backend}, {"result", "won"}})),
      hedges_lost(registry.counter(kHedges, kHedgesHelp, {{"backend", backend}, {"result", "lost"}})),
      registry_(registry),
      backend_(backend) {}

void BackendMetrics::retried(std::string_view after) {
    registry_
        .counter("adit_connector_retries_total", "Further tries of requests, by how the one before them ended.",
                 {{"backend", backend_}, {"after", std::string(after)}})
        .Increment();
}

void BackendMetrics::declined(std::string_view why) {
    registry_
        .counter("adit_connector_retries_declined_total", "Requests that were not tried again, by the reason.",
                 {{"backend", backend_}, {"reason", std::string(why)}})
        .Increment();
}

ListenerMetrics::ListenerMetrics(metrics::Registry& registry, const std::string& listener)
    : connections(registry.gauge("adit_connector_client_connections", "Client connections that are open now.",
                                 {{"listener", listener}})),
      gave_way(registry.counter(kRefused, kRefusedHelp, {{"listener", listener}, {"reason", "gave_way"}})),
      refused(registry.counter(kRefused, kRefusedHelp, {{"listener", listener}, {"reason", "connections"}})),
      refused_for_client(registry.counter(kRefused, kRefusedHelp, {{"listener", listener}, {"reason", "per_client"}})),
      refused_for_descriptors(
          registry.counter(kRefused, kRefusedHelp, {{"listener", listener}, {"reason", "descriptors"}})) {
    for (const std::string_view reason : {"flood", "resets", "protocol", "head", "handshake"}) {
        ended_.emplace(reason, &registry.counter("adit_connector_client_ended_total",
                                                 "Client connections ended for what the client did, by what that was.",
                                                 {{"listener", listener}, {"reason", std::string(reason)}}));
    }
}

void ListenerMetrics::ended(std::string_view reason) {
    ended_.at(reason)->Increment();
}

SinkMetrics::SinkMetrics(metrics::Registry& registry, const std::string& sink)
    : delivered(registry.counter("adit_connector_telemetry_delivered_total", "Log lines and spans that a sink took.",
                                 {{"sink", sink}})),
      dropped(registry.counter("adit_connector_telemetry_dropped_total",
                               "Log lines and spans lost because a sink was too slow, away, or refused them.",
                               {{"sink", sink}})) {}

CredentialMetrics::CredentialMetrics(metrics::Registry& registry, const std::string& backend, const std::string& kind)
    : expires_(registry.gauge("adit_credential_expires_timestamp_seconds",
                              "When the newest token that was fetched ends, in seconds since 1970.",
                              {{"backend", backend}, {"kind", kind}})),
      waits_(registry.histogram("adit_credential_wait_seconds", "How long requests waited for a first token.",
                                {kDurations.begin(), kDurations.end()}, {{"backend", backend}, {"kind", kind}})) {
    const std::array<const char*, 3> names{"ok", "failed", "refused"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        results_[i] = &registry.counter("adit_credential_fetches_total",
                                        "Fetches of tokens for backends, by what became of them.",
                                        {{"backend", backend}, {"kind", kind}, {"result", names[i]}});
    }
}

void CredentialMetrics::fetched(Result result) {
    results_[static_cast<std::size_t>(result)]->Increment();
}

void CredentialMetrics::expires(std::chrono::system_clock::time_point at) {
    expires_.Set(static_cast<double>(std::chrono::system_clock::to_time_t(at)));
}

void CredentialMetrics::waited(std::chrono::nanoseconds took) {
    waits_.Observe(std::chrono::duration<double>(took).count());
}

std::shared_ptr<CredentialMetrics> ConnectorMetrics::credential(const std::string& backend, const std::string& kind) {
    return std::make_shared<CredentialMetrics>(registry_, backend, kind);
}

std::shared_ptr<RouteMetrics> ConnectorMetrics::route(const std::string& name) {
    return std::make_shared<RouteMetrics>(registry_, name);
}

std::shared_ptr<ShareMetrics> ConnectorMetrics::share(const std::string& route, const std::string& backend) {
    return std::make_shared<ShareMetrics>(registry_, route, backend);
}

std::shared_ptr<MirrorMetrics> ConnectorMetrics::mirror(const std::string& route, const std::string& backend) {
    return std::make_shared<MirrorMetrics>(registry_, route, backend);
}

std::shared_ptr<AuthenticationMetrics> ConnectorMetrics::authentication(const std::string& policy) {
    return std::make_shared<AuthenticationMetrics>(registry_, policy);
}

std::shared_ptr<BackendMetrics> ConnectorMetrics::backend(const std::string& name) {
    return std::make_shared<BackendMetrics>(registry_, name);
}

std::shared_ptr<EndpointMetrics> ConnectorMetrics::endpoint(const std::string& backend, const std::string& url) {
    if (endpoints_.size() >= endpoints_tidied_at_) {
        std::erase_if(endpoints_, [](const auto& known) { return known.second.expired(); });
        endpoints_tidied_at_ = 2 * endpoints_.size() + 64;
    }
    std::weak_ptr<EndpointMetrics>& known = endpoints_[{backend, url}];
    auto metrics = known.lock();
    if (!metrics) {
        metrics = std::make_shared<EndpointMetrics>(registry_, backend, url);
        known = metrics;
    }
    return metrics;
}

std::shared_ptr<SpreadMetrics> ConnectorMetrics::spread(const std::string& backend) {
    return std::make_shared<SpreadMetrics>(registry_, backend);
}

std::shared_ptr<ListenerMetrics> ConnectorMetrics::listener(const std::string& name) {
    return std::make_shared<ListenerMetrics>(registry_, name);
}

std::shared_ptr<CacheMetrics> ConnectorMetrics::cache(const std::string& route) {
    return std::make_shared<CacheMetrics>(registry_, route);
}

std::shared_ptr<CacheStoreMetrics> ConnectorMetrics::cache_store() {
    return std::make_shared<CacheStoreMetrics>(registry_);
}

std::shared_ptr<FallbackMetrics> ConnectorMetrics::fallback(const std::string& of, const std::string& to) {
    return std::make_shared<FallbackMetrics>(registry_, of, to);
}

std::shared_ptr<ReductionMetrics> ConnectorMetrics::reduction() {
    return std::make_shared<ReductionMetrics>(registry_);
}

std::shared_ptr<SinkMetrics> ConnectorMetrics::sink(const std::string& name) {
    return std::make_shared<SinkMetrics>(registry_, name);
}

void ConnectorMetrics::reloaded(bool good) {
    registry_
        .counter("adit_connector_reloads_total", "Configurations taken into service, and refused.",
                 {{"result", good ? "accepted" : "refused"}})
        .Increment();
}

void ConnectorMetrics::store_unreadable(bool directory, std::size_t files) {
    const auto show = [this](const char* what, std::size_t how_many) {
        registry_
            .gauge("adit_connector_store_unreadable",
                   "What of the tunnels' directory cannot be read: its last good state stays, revoked keys included.",
                   {{"what", what}})
            .Set(static_cast<double>(how_many));
    };
    show("directory", directory ? 1 : 0);
    show("file", files);
}

void ConnectorMetrics::tunnel_known(const std::string& tunnel) {
    registry_.gauge("adit_connector_sessions", "Sessions that are open now.",
                    {{"tunnel", tunnel}, {"transport", "tls"}});
}

void ConnectorMetrics::session_opened(const std::string& tunnel, std::string_view transport) {
    const metrics::Labels labels{{"tunnel", tunnel}, {"transport", std::string(transport)}};
    registry_.counter("adit_connector_session_opened_total", "Sessions that agents opened.", labels).Increment();
    registry_.gauge("adit_connector_sessions", "Sessions that are open now.", labels).Increment();
}

void ConnectorMetrics::session_closed(const std::string& tunnel, std::string_view transport,
                                      const std::string& reason) {
    const std::string by(transport);
    registry_
        .counter("adit_connector_session_closed_total", "Sessions that ended, by reason.",
                 {{"tunnel", tunnel}, {"transport", by}, {"reason", reason}})
        .Increment();
    registry_.gauge("adit_connector_sessions", "Sessions that are open now.", {{"tunnel", tunnel}, {"transport", by}})
        .Decrement();
}

void ConnectorMetrics::session_refused(std::string_view reason) {
    registry_
        .counter("adit_connector_session_refused_total", "Connections to the tunnel port that were refused, by reason.",
                 {{"reason", std::string(reason)}})
        .Increment();
}

void ConnectorMetrics::probed(const std::string& tunnel, std::chrono::nanoseconds took) {
    registry_
        .histogram("adit_connector_probe_round_trip_seconds", "Round trips of probes through sessions.",
                   {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1}, {{"tunnel", tunnel}})
        .Observe(std::chrono::duration<double>(took).count());
}

void ConnectorMetrics::probe_failed(const std::string& tunnel) {
    registry_.counter("adit_connector_probe_failures_total", "Probes without an answer in time.", {{"tunnel", tunnel}})
        .Increment();
}

void ConnectorMetrics::streams(const std::string& tunnel, std::size_t open) {
    registry_.gauge("adit_connector_streams", "Streams through sessions that are open now.", {{"tunnel", tunnel}})
        .Set(static_cast<double>(open));
}

WireGuardMetrics::WireGuardMetrics(metrics::Registry& registry, const std::string& tunnel, const std::string& key,
                                   unsigned seat)
    : gauges_(registry, {{"tunnel", tunnel}, {"key", key}, {"seat", std::to_string(seat)}}) {}

void WireGuardMetrics::show(const WireGuardReading& reading) {
    gauges_.set("adit_connector_wireguard_handshake_age_seconds", "Since the last WireGuard handshake that succeeded.",
                std::chrono::duration<double>(reading.handshake_age).count());
    gauges_.set("adit_connector_wireguard_received_bytes", "Received over WireGuard since the device was made.",
                static_cast<double>(reading.received));
    gauges_.set("adit_connector_wireguard_sent_bytes", "Sent over WireGuard since the device was made.",
                static_cast<double>(reading.sent));
    gauges_.set("adit_connector_wireguard_roams", "Times that the agent was heard from another address.",
                static_cast<double>(reading.roams));
}

std::unique_ptr<WireGuardMetrics> ConnectorMetrics::wireguard(const std::string& tunnel, const std::string& key,
                                                              unsigned seat) {
    return std::make_unique<WireGuardMetrics>(registry_, tunnel, key, seat);
}

void ConnectorMetrics::helper_restarted(unsigned times) {
    registry_
        .counter("adit_connector_wireguard_helper_restarts_total",
                 "Helpers of WireGuard in user space that were started in place of one that had ended.")
        .Increment(times);
}

}  // namespace adit
