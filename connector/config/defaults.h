// Every default and bound of the connector's configuration, in one place. A value of 0 is named where it means "none".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace adit::config::defaults {

using namespace std::chrono_literals;

// Listeners
inline constexpr std::uint64_t header_bytes = 32 << 10;
inline constexpr std::chrono::milliseconds header_timeout = 10s;  // a client slower than this is not waited for
inline constexpr std::chrono::milliseconds idle_timeout = 75s;    // keep-alive connection without a request
inline constexpr std::uint64_t body_bytes = 0;                    // no bound: bodies are streamed
inline constexpr std::uint32_t connections = 10'000;
inline constexpr std::uint32_t concurrent_streams = 128;

// Backends
inline constexpr std::chrono::milliseconds connect = 5s;
inline constexpr std::chrono::milliseconds first_byte = 30s;
inline constexpr std::chrono::milliseconds idle = 60s;  // between two chunks of a response body
inline constexpr std::chrono::milliseconds total = 0s;  // none: a transfer that makes progress is not cut

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
inline constexpr std::size_t advertised = 16;  // they all stand in every token
inline constexpr std::size_t backends = 10'000;
inline constexpr std::size_t endpoints = 256;  // of one backend
inline constexpr std::size_t routes = 50'000;
inline constexpr std::size_t certificates = 1'000;  ///< of one listener
inline constexpr std::size_t conditions = 32;       ///< methods, header fields or parameters of one match
inline constexpr std::size_t path_segments = 32;    // of one pattern

}  // namespace adit::config::bounds
