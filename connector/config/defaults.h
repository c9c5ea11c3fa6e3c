// Every default and bound of the connector's configuration, in one place. A value of 0 is named where it means "none".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace adit::config::defaults {

using namespace std::chrono_literals;

// Listeners
inline constexpr std::uint64_t header_bytes = 32 << 10;
inline constexpr std::chrono::milliseconds header_timeout = 10s;  // a client slower than this is not waited for
inline constexpr std::chrono::milliseconds idle_timeout = 75s;    // keep-alive connection without a request
inline constexpr std::uint64_t body_bytes = 0;                    // no bound: bodies are streamed
inline constexpr std::uint32_t connections = 10'000;
inline constexpr std::uint32_t connections_per_client = 0;        // none: a load balancer may stand in front
inline constexpr std::uint64_t min_rate = 1 << 10;                // of bodies and of answers, a second
inline constexpr std::chrono::milliseconds min_rate_after = 10s;  // how far one may fall behind that
inline constexpr std::uint32_t concurrent_streams = 128;
inline constexpr std::chrono::milliseconds connect_idle = 5min;  // of a CONNECT's bytes, as of WebSockets elsewhere

inline constexpr std::chrono::milliseconds ticket_interval = 1h;  // so a recorded session is safe after two

// Tunnels
inline constexpr std::uint32_t sessions_per_key = 256;  // 64 agents of four sessions each

// Tunnels over WireGuard
inline constexpr std::uint32_t tunnel_mtu = 1420;                   // fits a path of 1500 bytes over IPv4 and IPv6
inline constexpr std::chrono::milliseconds tunnel_keepalive = 25s;  // below the 30 s after which NAT may forget UDP

// Backends
inline constexpr std::chrono::milliseconds connect = 5s;
inline constexpr std::chrono::milliseconds first_byte = 30s;
inline constexpr std::chrono::milliseconds idle = 60s;    // between two chunks of a response body
inline constexpr std::chrono::milliseconds tls = 0s;      // as connect
inline constexpr std::chrono::milliseconds total = 0s;    // none: a transfer that makes progress is not cut
inline constexpr std::chrono::milliseconds per_try = 0s;  // a share of the total, at most per_try_most
inline constexpr std::chrono::milliseconds per_try_most = 10s;

// Retries
inline constexpr std::uint32_t retry_attempts = 2;
inline constexpr std::chrono::milliseconds retry_backoff = 50ms;
inline constexpr std::chrono::milliseconds retry_backoff_most = 1s;
inline constexpr std::chrono::milliseconds retry_elsewhere_most = 25ms;  // before the first retry at another endpoint
inline constexpr std::chrono::milliseconds retry_after_most = 2s;
inline constexpr std::uint64_t retry_body_bytes = 64 << 10;
inline constexpr std::uint64_t replay_bytes = 64 << 20;  // of all bodies that are kept for a retry, in the process
inline constexpr std::uint32_t retry_budget_percent = 20;
inline constexpr std::uint32_t retry_budget_floor = 3;
inline constexpr std::uint32_t retry_tokens =
    100;  // of a backend: a retry costs 5, after a timeout 10; a success earns 1
inline constexpr std::uint32_t hedge_quantile = 95;
inline constexpr std::uint32_t hedge_percent = 5;

// Circuits
inline constexpr std::chrono::milliseconds circuit_window = 10s;
inline constexpr std::uint32_t circuit_consecutive = 5;
inline constexpr std::uint32_t circuit_failure_rate = 50;
inline constexpr std::uint32_t circuit_minimum = 20;
inline constexpr std::chrono::milliseconds circuit_slow = 5s;
inline constexpr std::chrono::milliseconds circuit_cooldown = 30s;
inline constexpr std::chrono::milliseconds circuit_cooldown_most = 300s;
inline constexpr std::uint32_t circuit_probes = 3;
inline constexpr std::chrono::milliseconds circuit_recovery = 10s;

// Bulkheads
inline constexpr std::uint32_t bulkhead_concurrent = 256;
inline constexpr std::uint32_t consumer_concurrent = 64;
inline constexpr std::uint32_t bulkhead_queue = 64;
inline constexpr std::chrono::milliseconds bulkhead_queue_timeout = 1s;
inline constexpr std::uint32_t adaptive_minimum = 4;
inline constexpr std::uint32_t adaptive_tolerance = 50;

// Endpoints
inline constexpr std::chrono::milliseconds health_interval = 10s;
inline constexpr std::chrono::milliseconds health_timeout = 2s;
inline constexpr std::uint32_t health_unhealthy = 3;
inline constexpr std::uint32_t health_healthy = 2;
inline constexpr std::uint32_t outlier_consecutive = 5;
inline constexpr std::uint32_t outlier_minimum = 20;
inline constexpr std::chrono::milliseconds outlier_interval = 10s;
inline constexpr std::chrono::milliseconds outlier_ejection = 30s;
inline constexpr std::chrono::milliseconds outlier_ejection_most = 300s;
inline constexpr std::uint32_t outlier_ejected_most = 50;
inline constexpr std::uint32_t balance_panic = 50;

// Rate limits, shedding
inline constexpr std::uint32_t tighten_to = 10;
inline constexpr std::size_t limited_callers = 65'536;  // that one policy tells apart at a time
inline constexpr std::chrono::milliseconds ban_for = 10min;
inline constexpr std::uint32_t shed_share = 90;
inline constexpr std::chrono::milliseconds shed_lag = 500ms;

// Degrading
inline constexpr std::uint64_t cache_memory = 64 << 20;
inline constexpr std::uint32_t cache_entries = 10'000;
inline constexpr std::uint64_t cache_entry_bytes = 1 << 20;
inline constexpr std::chrono::milliseconds degrade_hold = 30s;

// Fleets
inline constexpr std::chrono::milliseconds state_timeout = 50ms;
inline constexpr std::chrono::milliseconds webhook_timeout = 10s;
inline constexpr std::uint32_t webhook_per_minute = 60;
inline constexpr std::uint32_t webhook_queue = 1'000;

// Log sinks and tracing
inline constexpr std::uint64_t queue_bytes = 4 << 20;
inline constexpr std::uint64_t batch_bytes = 512 << 10;
inline constexpr std::chrono::milliseconds batch_time = 1s;
inline constexpr std::chrono::milliseconds push_timeout = 10s;
inline constexpr std::uint64_t log_file_size = 100 << 20;
inline constexpr std::uint32_t log_files = 5;

// Mirrors
inline constexpr std::uint32_t mirror_percent = 100;
inline constexpr std::uint64_t mirror_body_bytes = 64 << 10;  // a larger body is not mirrored
inline constexpr std::uint32_t mirror_in_flight = 100;        // of one route, all workers together

// Credentials
inline constexpr std::chrono::milliseconds token_timeout = 10s;       // of one exchange with a provider
inline constexpr std::chrono::milliseconds expiration_offset = 300s;  // at most a quarter of a token's life
inline constexpr std::uint64_t signed_body_bytes = 1 << 20;           // its hash stands before it
inline constexpr std::uint64_t held_bytes = 256 << 20;                // of all bodies that are held, in the process

// Tokens of callers
inline constexpr std::chrono::milliseconds clock_skew = 30s;
inline constexpr std::chrono::milliseconds jwks_refresh = 5min;
inline constexpr std::chrono::milliseconds jwks_stale = 24h;  // an issuer may be out of reach for a day
inline std::vector<std::string> token_algorithms() {
    return {"RS256", "PS256", "ES256", "EdDSA"};
}

// Policies
inline constexpr std::chrono::milliseconds cors_max_age = 5s;   // what browsers take where nothing is said
inline constexpr std::uint64_t compression_min_size = 1 << 10;  // below it a coding saves less than a packet
inline std::vector<std::string> compressed_types() {
    return {"text/*",
            "application/json",
            "application/javascript",
            "application/xml",
            "application/*+json",
            "application/*+xml",
            "application/x-ndjson",
            "application/wasm",
            "image/svg+xml",
            "application/x-javascript",
            "font/ttf",
            "font/otf"};
}

}  // namespace adit::config::defaults

namespace adit::config::bounds {

using namespace std::chrono_literals;

inline constexpr std::uint64_t min_header_bytes = 1 << 10;
inline constexpr std::uint64_t max_header_bytes = 1 << 20;
inline constexpr std::uint64_t max_body_bytes = 1ULL << 50;
inline constexpr std::uint32_t max_connections = 1'000'000;
inline constexpr std::uint64_t max_min_rate = 64 << 20;
inline constexpr std::uint32_t max_sessions_per_key = 1'000'000;
inline constexpr std::uint32_t max_concurrent_streams = 10'000;
inline constexpr std::chrono::milliseconds min_timeout = 1ms;
inline constexpr std::chrono::milliseconds max_timeout = std::chrono::hours(24);
inline constexpr std::uint32_t max_workers = 256;
inline constexpr std::size_t sandbox_paths = 64;

inline constexpr std::size_t listeners = 64;
inline constexpr std::size_t advertised = 16;   // they all stand in every token
inline constexpr unsigned min_prefix = 8;       // of a tunnel network
inline constexpr unsigned max_prefix_v4 = 27;   // two rows of eight, and the broadcast address in neither
inline constexpr unsigned max_prefix_v6 = 124;  // two rows of eight
inline constexpr std::chrono::milliseconds max_keepalive = std::chrono::seconds(65'535);  // as `wg` takes it
inline constexpr std::size_t backends = 10'000;
inline constexpr std::size_t endpoints = 256;  // of one backend
inline constexpr std::size_t routes = 50'000;
inline constexpr std::size_t certificates = 1'000;  ///< of one listener
inline constexpr std::chrono::milliseconds max_ticket_interval = std::chrono::hours(6);
inline constexpr std::size_t trusted_proxies = 1'000;  ///< blocks of one listener
inline constexpr std::size_t conditions = 32;          ///< methods, header fields or parameters of one match
inline constexpr std::size_t field_edits = 100;        // names to set, add or remove in one head
inline constexpr std::size_t cors = 100;               // origins, methods or names of one policy
inline constexpr std::size_t compressed_types = 100;   // of one policy
inline constexpr std::size_t path_segments = 32;       // of one pattern
inline constexpr std::size_t shares = 16;              // of one split
inline constexpr std::uint32_t max_weight = 1'000'000;
inline constexpr std::uint64_t max_mirror_body_bytes = 16 << 20;
inline constexpr std::uint32_t max_mirror_in_flight = 10'000;
inline constexpr std::size_t inner_routes = 16;  // that one request may go through by internal://

inline constexpr std::size_t consumers = 100'000;
inline constexpr std::size_t credentials = 32;  // of one kind, of one consumer
inline constexpr std::size_t attributes = 64;   // or claims
inline constexpr std::size_t policies = 1'000;
inline constexpr std::size_t access_rules = 10'000;
inline constexpr std::size_t issuers = 1'000;
inline constexpr std::size_t audiences = 100;  // of one policy
inline constexpr std::chrono::milliseconds max_clock_skew = std::chrono::minutes(10);
inline constexpr std::chrono::milliseconds min_jwks_refresh = 1s;
inline constexpr std::chrono::milliseconds max_jwks_refresh = std::chrono::hours(24);
inline constexpr std::chrono::milliseconds max_jwks_stale = std::chrono::hours(30 * 24);
inline constexpr std::size_t issuer_algorithms = 10;  // there are no more
inline constexpr std::chrono::seconds min_rotate = 4s;
inline constexpr std::chrono::seconds min_published = 2s;
inline constexpr std::chrono::seconds max_rotate = std::chrono::hours(24) * 3650;
inline constexpr std::chrono::seconds min_token_lifetime = 5s;
inline constexpr std::chrono::seconds max_token_lifetime = std::chrono::hours(1);
inline constexpr std::uint64_t max_signed_body_bytes = 64 << 20;
inline constexpr std::chrono::seconds min_aws_session = 15min;  // as STS takes it
inline constexpr std::chrono::seconds max_aws_session = 12h;

inline constexpr std::uint32_t max_attempts = 10;
inline constexpr std::uint32_t max_count = 1'000'000;  // of calls, failures, requests in progress
inline constexpr std::chrono::milliseconds min_window = 100ms;
inline constexpr std::chrono::milliseconds min_health_interval = 100ms;
inline constexpr std::uint64_t max_rate = 1'000'000'000;
inline constexpr std::size_t rate_windows = 8;
inline constexpr std::size_t tiers = 100;
inline constexpr std::uint32_t max_cost = 10'000;
inline constexpr std::size_t conditions_on = 64;
inline constexpr std::size_t fallbacks = 8;
inline constexpr std::size_t cache_statuses = 64;
inline constexpr std::size_t webhooks = 16;
inline constexpr std::size_t sentinels = 16;

inline constexpr std::size_t log_sinks = 16;
inline constexpr std::uint64_t min_queue_bytes = 64 << 10;
inline constexpr std::uint64_t max_queue_bytes = 1 << 30;
inline constexpr std::uint64_t min_batch_bytes = 1 << 10;
inline constexpr std::uint64_t max_batch_bytes = 16 << 20;
inline constexpr std::chrono::milliseconds max_batch_time = std::chrono::minutes(1);
inline constexpr std::chrono::milliseconds max_push_timeout = std::chrono::minutes(5);
inline constexpr std::uint64_t max_log_file_size = 1ULL << 40;
inline constexpr std::uint32_t log_files = 1'000;
inline constexpr std::size_t push_fields = 32;  ///< header fields or labels

}  // namespace adit::config::bounds
