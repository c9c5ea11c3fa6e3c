// What a backend or a route does when origins fail, as configured. Whose key is not written is off, but for the safe
// retries and the spreading over endpoints that every backend has (docs/decisions/0012-resilience.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connector/config/conditions.h"
#include "connector/config/defaults.h"

namespace adit::config {

/// How long each phase of a request to a backend may take.
struct Timeouts {
    std::chrono::milliseconds connect = defaults::connect;  ///< TLS included
    std::chrono::milliseconds tls = defaults::tls;  ///< of connect, the handshake with the origin; 0: as connect
    std::chrono::milliseconds first_byte = defaults::first_byte;
    std::chrono::milliseconds idle = defaults::idle;
    std::chrono::milliseconds per_try = defaults::per_try;  ///< until a try's response head; 0: see decision 12
    std::chrono::milliseconds total = defaults::total;      ///< 0: none
    friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

/// What a file says of them in one place; what it leaves out, a wider place says: route, backend, whole file.
struct TimeoutSettings {
    std::optional<std::chrono::milliseconds> connect = {};
    std::optional<std::chrono::milliseconds> tls = {};
    std::optional<std::chrono::milliseconds> first_byte = {};
    std::optional<std::chrono::milliseconds> idle = {};
    std::optional<std::chrono::milliseconds> per_try = {};
    std::optional<std::chrono::milliseconds> total = {};
    friend bool operator==(const TimeoutSettings&, const TimeoutSettings&) = default;

    /// `wider` with what is said here.
    Timeouts over(Timeouts wider) const {
        wider.connect = connect.value_or(wider.connect);
        wider.tls = tls.value_or(wider.tls);
        wider.first_byte = first_byte.value_or(wider.first_byte);
        wider.idle = idle.value_or(wider.idle);
        wider.per_try = per_try.value_or(wider.per_try);
        wider.total = total.value_or(wider.total);
        return wider;
    }
};

struct RetryBudget {
    std::uint32_t percent = defaults::retry_budget_percent;  ///< retries in flight, of the backend's requests in flight
    std::uint32_t floor = defaults::retry_budget_floor;      ///< so many always may
    friend bool operator==(const RetryBudget&, const RetryBudget&) = default;
};

/// A second try beside the first one that is slow; the first answer wins.
struct Hedge {
    std::chrono::milliseconds after{0};                 ///< fixed; 0: the quantile of the backend's latest latencies
    std::uint32_t quantile = defaults::hedge_quantile;  ///< percent
    std::uint32_t percent = defaults::hedge_percent;    ///< of the backend's requests, at most
    friend bool operator==(const Hedge&, const Hedge&) = default;
};

struct Retry {
    std::uint32_t attempts = defaults::retry_attempts;  ///< tries of one request in all, the first included
    Conditions on = Conditions::retried();
    std::string header = "x-adit-retriable";                      ///< of answers, for retriable-header
    std::chrono::milliseconds backoff = defaults::retry_backoff;  ///< base; full jitter
    std::chrono::milliseconds backoff_most = defaults::retry_backoff_most;
    std::chrono::milliseconds retry_after_most = defaults::retry_after_most;  ///< a longer Retry-After ends the retries
    std::uint64_t body_bytes = defaults::retry_body_bytes;  ///< a larger body is streamed, and not sent twice
    RetryBudget budget;
    std::optional<Hedge> hedge = {};
    bool tell_client = false;  ///< X-Adit-Attempts in answers
    friend bool operator==(const Retry&, const Retry&) = default;
};

/// When calls are not made any more for a while (Nygard, "Release It!").
struct Circuit {
    enum class Per { backend, endpoint };
    enum class Sharing { off, exact, advice };
    enum class Fail { open, closed };  ///< of the circuit while the store is out of reach: closed lets calls through
    Per per = Per::backend;
    std::string id = {};  ///< circuits of one id are one; empty: its own
    std::chrono::milliseconds window = defaults::circuit_window;
    std::uint32_t window_calls = 0;                               ///< not 0: the window is so many calls instead
    std::uint32_t consecutive = defaults::circuit_consecutive;    ///< failures in a row; 0: off
    std::uint32_t failures = 0;                                   ///< in the window; 0: off
    std::uint32_t failure_rate = defaults::circuit_failure_rate;  ///< percent of the window's calls; 0: off
    std::uint32_t slow_rate = 0;                                  ///< percent; 0: off
    std::chrono::milliseconds slow = defaults::circuit_slow;      ///< a call that takes longer is slow
    std::uint32_t minimum = defaults::circuit_minimum;            ///< calls in the window before rates count
    Conditions on = Conditions::of_circuits();
    std::chrono::milliseconds cooldown = defaults::circuit_cooldown;
    std::chrono::milliseconds cooldown_most = defaults::circuit_cooldown_most;  ///< doubles up to this
    std::uint32_t probes = defaults::circuit_probes;                            ///< at once, while half open
    std::chrono::milliseconds recovery = defaults::circuit_recovery;            ///< from a tenth of the calls to all
    Sharing sharing = Sharing::exact;                                           ///< where there is a `state`
    Fail fail = Fail::closed;
    friend bool operator==(const Circuit&, const Circuit&) = default;
};

/// A limit that finds itself by the gradient of latency (Netflix concurrency-limits, Gradient2).
struct Adaptive {
    std::uint32_t minimum = defaults::adaptive_minimum;
    std::uint32_t tolerance = defaults::adaptive_tolerance;  ///< percent above the long-term latency
    friend bool operator==(const Adaptive&, const Adaptive&) = default;
};

/// How many requests may be in progress at once, and how many wait for their turn.
struct Bulkhead {
    std::uint32_t concurrent = defaults::bulkhead_concurrent;
    std::uint32_t queue = defaults::bulkhead_queue;
    std::chrono::milliseconds queue_timeout = defaults::bulkhead_queue_timeout;
    std::optional<Adaptive> adaptive = {};  ///< `concurrent` is its maximum
    friend bool operator==(const Bulkhead&, const Bulkhead&) = default;
};

/// A GET that has to be answered as said.
struct HttpCheck {
    std::string path = "/";
    std::string host = {};  ///< empty: the endpoint's
    std::vector<StatusRange> statuses = {{200, 299}};
    std::string body = {};  ///< that the answer must contain; empty: any
    friend bool operator==(const HttpCheck&, const HttpCheck&) = default;
};
/// A connection that has to stand.
struct TcpCheck {
    friend bool operator==(const TcpCheck&, const TcpCheck&) = default;
};
/// grpc.health.v1.Health/Check.
struct GrpcCheck {
    std::string service = {};  ///< empty: the server as a whole
    friend bool operator==(const GrpcCheck&, const GrpcCheck&) = default;
};

/// How an endpoint is asked how it is.
struct Health {
    std::optional<HttpCheck> http = {};  ///< one of the three
    std::optional<TcpCheck> tcp = {};
    std::optional<GrpcCheck> grpc = {};
    std::chrono::milliseconds interval = defaults::health_interval;
    std::chrono::milliseconds timeout = defaults::health_timeout;
    std::uint32_t unhealthy = defaults::health_unhealthy;  ///< failures in a row
    std::uint32_t healthy = defaults::health_healthy;      ///< successes in a row
    friend bool operator==(const Health&, const Health&) = default;
};

/// Endpoints whose own traffic says that they are ill get none for a while.
struct Outlier {
    std::uint32_t consecutive = defaults::outlier_consecutive;  ///< failures in a row; 0: off
    std::uint32_t success_rate = 0;  ///< percent below which an endpoint goes, measured per interval; 0: off
    std::uint32_t latency = 0;       ///< percent of the others' median beyond which an endpoint goes; 0: off
    std::uint32_t minimum = defaults::outlier_minimum;  ///< calls in the interval before these two count
    std::chrono::milliseconds interval = defaults::outlier_interval;
    std::chrono::milliseconds ejection = defaults::outlier_ejection;  ///< times how often it was ejected lately
    std::chrono::milliseconds ejection_most = defaults::outlier_ejection_most;
    std::uint32_t ejected_most = defaults::outlier_ejected_most;  ///< percent of the endpoints
    Conditions on = Conditions::of_outliers();
    friend bool operator==(const Outlier&, const Outlier&) = default;
};

/// How requests are spread over the endpoints that are well.
struct Balance {
    enum class By { least_request, round_robin, random, hash };
    struct Key {
        enum class Of { consumer, client_ip, header, cookie };
        Of of = Of::client_ip;
        std::string name = {};  ///< of the header field or cookie
        friend bool operator==(const Key&, const Key&) = default;
    };
    By by = By::least_request;
    Key key = {};                                   ///< of By::hash
    std::chrono::milliseconds slow_start{0};        ///< over which a new or recovered endpoint gets its full share
    std::uint32_t panic = defaults::balance_panic;  ///< percent: fewer healthy endpoints, and all are used; 0: off
    std::string zone = {};                          ///< endpoints of the same zone come first
    friend bool operator==(const Balance&, const Balance&) = default;
};

}  // namespace adit::config
