// What stood around a request and did something to it: one account for its access line (docs/observability.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace adit::policy {

/// Each step of Pipeline::call, and of the policies before it, writes its own members as it goes on; what stays as it
/// is here is not told. Views are of literals, or of what lives as long as the exchange (its generation, its story).
struct Effects {
    std::string_view shed;     ///< the resource that was short: "memory", "requests"; see resilience/overload.h
    std::string_view reduced;  ///< why functionality was: "operator", or "stress" of an essential backend
    struct Limit {
        std::string_view policy;  ///< of the rate limits on the way the one with the fewest tokens left
        std::string_view result;  ///< "allowed", "refused", "dry-run", "banned", "unavailable"
        std::uint64_t left = 0;   ///< tokens
        bool refunded = false;    ///< they were given back, since the end was a refusal of ours
    } limit;
    std::chrono::nanoseconds queued{};  ///< waited for places in bulkheads
    std::string_view bulkhead;          ///< that it waited for the longest, or that turned it away
    std::string_view cache;             ///< "hit", "stale", "miss", "revalidated", "collapsed", "bypass"
    std::string_view cache_detail;      ///< why, in the words of Cache-Status (RFC 9211)
    std::string_view fallback;          ///< the backend that answered instead, or "static"
};

}  // namespace adit::policy
