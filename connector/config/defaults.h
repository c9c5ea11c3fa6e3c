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
inline constexpr std::uint32_t concurrent_streams = 128;
inline constexpr std::chrono::milliseconds connect_idle = 5min;  // of a CONNECT's bytes, as of WebSockets elsewhere

// Tunnels over WireGuard
inline constexpr std::uint32_t tunnel_mtu = 1420;                   // fits a path of 1500 bytes over IPv4 and IPv6
inline constexpr std::chrono::milliseconds tunnel_keepalive = 25s;  // below the 30 s after which NAT may forget UDP

// Backends
inline constexpr std::chrono::milliseconds connect = 5s;
inline constexpr std::chrono::milliseconds first_byte = 30s;
inline constexpr std::chrono::milliseconds idle = 60s;  // between two chunks of a response body
inline constexpr std::chrono::milliseconds total = 0s;  // none: a transfer that makes progress is not cut

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
inline constexpr std::uint32_t max_concurrent_streams = 10'000;
inline constexpr std::chrono::milliseconds min_timeout = 1ms;
inline constexpr std::chrono::milliseconds max_timeout = std::chrono::hours(24);
inline constexpr std::uint32_t max_workers = 256;

inline constexpr std::size_t listeners = 64;
inline constexpr std::size_t advertised = 16;   // they all stand in every token
inline constexpr unsigned min_prefix = 8;       // of a tunnel network
inline constexpr unsigned max_prefix_v4 = 27;   // two rows of eight, and the broadcast address in neither
inline constexpr unsigned max_prefix_v6 = 124;  // two rows of eight
inline constexpr std::chrono::milliseconds max_keepalive = std::chrono::seconds(65'535);  // as `wg` takes it
inline constexpr std::size_t backends = 10'000;
inline constexpr std::size_t endpoints = 256;  // of one backend
inline constexpr std::size_t routes = 50'000;
inline constexpr std::size_t certificates = 1'000;     ///< of one listener
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
