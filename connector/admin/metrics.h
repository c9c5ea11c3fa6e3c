// The connector's metrics: handles per route, backend, tunnel and listener are resolved once and kept.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/client_key.h"
#include "common/base/tally.h"
#include "common/metrics/metrics.h"
#include "connector/admin/degrading_metrics.h"
#include "connector/admin/endpoint_metrics.h"
#include "connector/admin/event_metrics.h"
#include "connector/admin/limit_metrics.h"

namespace adit {

/// Per route, used by all workers: plain atomics of prometheus-cpp, no lock.
struct RouteMetrics {
    RouteMetrics(metrics::Registry& registry, const std::string& route);
    /// One finished exchange.
    void finished(int status, std::chrono::nanoseconds took, std::uint64_t request_bytes, std::uint64_t response_bytes);
    void failed(std::string_view reason);
    /// Rules did not let a caller use it (`at`: "route"), or a service or mirror behind it.
    void denied(std::string_view at);

  private:
    metrics::Counter& by_code(int status);

    metrics::Registry& registry_;
    std::string route_;
    std::vector<std::atomic<metrics::Counter*>> codes_;  ///< by status, made on first use
    metrics::Histogram& duration_;
    metrics::Counter& request_bytes_;
    metrics::Counter& response_bytes_;
};

/// Per backend of a split, made where a route has one.
struct ShareMetrics {
    ShareMetrics(metrics::Registry& registry, const std::string& route, const std::string& backend);
    /// One finished exchange that this share got.
    void finished(int status);

  private:
    std::array<metrics::Counter*, 6> classes_;  ///< by the first digit of the status; 0: the client left without one
};

/// Per route with a mirror.
struct MirrorMetrics {
    MirrorMetrics(metrics::Registry& registry, const std::string& route, const std::string& backend);
    /// Why a request was not copied.
    enum class Skip { busy, body, incomplete, upgrade, access };
    void skipped(Skip why);
    void failed(std::string_view reason);
    metrics::Counter& sent;                    ///< copies that were answered
    std::atomic<std::uint32_t> in_flight = 0;  ///< exact, for the bound

  private:
    metrics::Counter& with(std::string_view result, std::string_view reason);

    metrics::Registry& registry_;
    std::string route_;
    std::string backend_;
    std::array<metrics::Counter*, 5> skipped_;
};

/// Per authentication policy.
struct AuthenticationMetrics {
    AuthenticationMetrics(metrics::Registry& registry, const std::string& policy);
    metrics::Counter& good;         ///< callers that it has recognised
    metrics::Counter& refused;      ///< credentials that were bad
    metrics::Counter& unavailable;  ///< credentials of which nothing could be told: a key set was out of reach, say
};

/// Per backend.
struct BackendMetrics {
    BackendMetrics(metrics::Registry& registry, const std::string& backend);
    metrics::Gauge& active;
    metrics::Gauge& idle;
    metrics::Counter& reused;
    metrics::Histogram& tries;  ///< of one request
    metrics::Counter& hedges_won;
    metrics::Counter& hedges_lost;

    /// Another try follows one that ended like this.
    void retried(std::string_view after);
    /// None does, although one was wanted.
    void declined(std::string_view why);

  private:
    metrics::Registry& registry_;
    std::string backend_;
};

/// Per listener, of all workers together.
struct ListenerMetrics {
    ListenerMetrics(metrics::Registry& registry, const std::string& listener);
    metrics::Gauge& connections;
    metrics::Counter& gave_way;                 ///< did nothing, and others needed the place
    metrics::Counter& refused;                  ///< since it had its most
    metrics::Counter& refused_for_client;       ///< since its client had
    metrics::Counter& refused_for_descriptors;  ///< since few were left
    /// Ended for what the client did; the reasons are those of http::Http2Connection::fault(), and "handshake".
    void ended(std::string_view reason);
    std::atomic<std::size_t> open = 0;  ///< exact, for the limit, as is the next
    Tally<ClientKey> clients;

  private:
    std::map<std::string_view, metrics::Counter*> ended_;  ///< never changes
};

/// Per sink of lines or spans.
struct SinkMetrics {
    SinkMetrics(metrics::Registry& registry, const std::string& sink);
    metrics::Counter& delivered;
    metrics::Counter& dropped;
};

/// Per credential of a backend that is fetched.
struct CredentialMetrics {
    CredentialMetrics(metrics::Registry& registry, const std::string& backend, const std::string& kind);
    enum class Result { ok, failed, refused };
    void fetched(Result result);
    void expires(std::chrono::system_clock::time_point at);
    /// Somebody waited for it.
    void waited(std::chrono::nanoseconds took);

  private:
    std::array<metrics::Counter*, 3> results_;
    metrics::Gauge& expires_;
    metrics::Histogram& waits_;
};

/// How the agent in a seat of the WireGuard network fares.
struct WireGuardReading {
    std::chrono::nanoseconds handshake_age;
    std::uint64_t received;  ///< bytes, since the device was made
    std::uint64_t sent;
    std::uint64_t roams;
};

/// Per seat of the WireGuard network from which an agent was heard; its gauges disappear with it.
class WireGuardMetrics {
  public:
    WireGuardMetrics(metrics::Registry& registry, const std::string& tunnel, const std::string& key, unsigned seat);
    void show(const WireGuardReading& reading);

  private:
    metrics::PassingGauges gauges_;
};

class ConnectorMetrics {
  public:
    explicit ConnectorMetrics(metrics::Registry& registry) : registry_(registry) {}

    std::shared_ptr<RouteMetrics> route(const std::string& name);
    std::shared_ptr<ShareMetrics> share(const std::string& route, const std::string& backend);
    std::shared_ptr<MirrorMetrics> mirror(const std::string& route, const std::string& backend);
    std::shared_ptr<AuthenticationMetrics> authentication(const std::string& policy);
    std::shared_ptr<BackendMetrics> backend(const std::string& name);
    /// The same for the same endpoint for as long as somebody has it: its gauges exist once.
    std::shared_ptr<EndpointMetrics> endpoint(const std::string& backend, const std::string& url);
    std::shared_ptr<SpreadMetrics> spread(const std::string& backend);
    std::shared_ptr<ListenerMetrics> listener(const std::string& name);
    std::shared_ptr<SinkMetrics> sink(const std::string& name);
    std::shared_ptr<RateLimitMetrics> rate_limit(const std::string& policy) {
        return std::make_shared<RateLimitMetrics>(registry_, policy);
    }
    std::shared_ptr<BulkheadMetrics> bulkhead(const std::string& name) {
        return std::make_shared<BulkheadMetrics>(registry_, name);
    }
    std::shared_ptr<CacheMetrics> cache(const std::string& route);
    std::shared_ptr<CacheStoreMetrics> cache_store();
    std::shared_ptr<FallbackMetrics> fallback(const std::string& of, const std::string& to);
    std::shared_ptr<ReductionMetrics> reduction();
    std::shared_ptr<CredentialMetrics> credential(const std::string& backend, const std::string& kind);

    /// One to which no agent came shows as such.
    void tunnel_known(const std::string& tunnel);
    /// `transport`: "tls" or "wireguard".
    void session_opened(const std::string& tunnel, std::string_view transport);
    void session_closed(const std::string& tunnel, std::string_view transport, const std::string& reason);
    void session_refused(std::string_view reason);
    void probed(const std::string& tunnel, std::chrono::nanoseconds took);
    void probe_failed(const std::string& tunnel);
    void streams(const std::string& tunnel, std::size_t open);
    std::unique_ptr<WireGuardMetrics> wireguard(const std::string& tunnel, const std::string& key, unsigned seat);
    void helper_restarted(unsigned times);
    void reloaded(bool good);
    /// Whether the directory of tunnels cannot be read; how many of its files.
    void store_unreadable(bool directory, std::size_t files);

  private:
    metrics::Registry& registry_;
    std::map<std::pair<std::string, std::string>, std::weak_ptr<EndpointMetrics>> endpoints_;
    std::size_t endpoints_tidied_at_ = 64;  ///< how many there may be before those that are gone are looked for
};

}  // namespace adit
