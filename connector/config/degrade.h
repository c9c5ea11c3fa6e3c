// What is answered when a backend cannot, as configured: caches, fallbacks, reduced functionality.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connector/config/defaults.h"
#include "connector/config/resilience.h"

namespace adit::config {

/// An answer of the connector's own.
struct StaticAnswer {
    std::uint32_t status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
    friend bool operator==(const StaticAnswer&, const StaticAnswer&) = default;
};

/// Of a route or backend: a shared cache (RFC 9111) before it.
struct Cache {
    std::chrono::milliseconds ttl{0};  ///< freshness of answers that say nothing of it; 0: only what they say
    std::chrono::milliseconds stale_if_error{0};  ///< where an answer does not say; 0: only what it says (RFC 5861)
    std::chrono::milliseconds stale_while_revalidate{0};
    std::uint64_t entry_bytes = defaults::cache_entry_bytes;  ///< larger answers are not kept
    std::vector<std::uint16_t> statuses = {};                 ///< empty: those that RFC 9110 §15.1 allows
    bool per_consumer =
        true;  ///< answers to authenticated callers are kept for each alone; false: RFC 9111 §3.5 decides
    friend bool operator==(const Cache&, const Cache&) = default;
};

/// Of the process: all caches together.
struct CacheStore {
    std::uint64_t memory = defaults::cache_memory;
    std::uint32_t entries = defaults::cache_entries;
};

/// Other answers, tried in their order.
struct Fallback {
    struct Step {
        std::string backend = {};  ///< one of the two
        std::size_t backend_index = 0;
        std::optional<StaticAnswer> fixed = {};
        friend bool operator==(const Step&, const Step&) = default;
    };
    std::vector<Step> to;
    Conditions on = Conditions::of_outliers();  ///< besides all refusals of our own
    friend bool operator==(const Fallback&, const Fallback&) = default;
};

/// When routes that are not essential answer 503 at once, so that the essential ones live.
struct Degrade {
    bool automatic = true;  ///< while an essential backend is under stress; else only by an operator's switch
    std::chrono::milliseconds hold = defaults::degrade_hold;  ///< at least so long after the last stress
};

}  // namespace adit::config
