// How much callers may ask for, and what the connector sheds to stay alive, as configured.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connector/config/defaults.h"
#include "connector/config/resilience.h"

namespace adit::config {

/// So many requests in a time; several at once all have to allow.
struct RateWindow {
    std::uint64_t requests = 0;
    std::chrono::milliseconds per{1'000};
    std::uint64_t burst = 0;  ///< at once, of GCRA; 0: `requests`
    friend bool operator==(const RateWindow&, const RateWindow&) = default;
};
using RateWindows = std::vector<RateWindow>;

/// A policy of routes: a limit by GCRA (ITU-T I.371) for each caller, however callers are told apart.
struct RateLimit {
    struct Key {
        enum class Of { consumer, client_ip, api_key, header, claim, route, all };
        Of of = Of::consumer;
        std::string name = {};  ///< of the header field or claim
        friend bool operator==(const Key&, const Key&) = default;
    };
    enum class Sharing { exact, lease, off };  ///< among connectors, where there is a `state`
    enum class Fail { open, closed };          ///< while the store is out of reach
    Key by = {};
    RateWindows limits;     ///< of whom no tier fits
    std::string tier = {};  ///< the attribute of a consumer that names his tier
    std::map<std::string, RateWindows> tiers = {};
    bool dry_run = false;  ///< counts and logs, refuses nobody
    bool fields = true;    ///< RateLimit and RateLimit-Policy in answers (draft-ietf-httpapi-ratelimit-headers)
    Sharing sharing = Sharing::lease;
    Fail fail = Fail::open;
    /// While the backend's latency is beyond this, limits shrink towards `tighten_to` percent; 0: never.
    std::chrono::milliseconds tighten_beyond{0};
    std::uint32_t tighten_to = defaults::tighten_to;
    /// Who was refused so often in one window of `ban_for` is refused for that long; 0: nobody is.
    std::uint32_t ban_after = 0;
    std::chrono::milliseconds ban_for = defaults::ban_for;
    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

/// A policy of routes: requests in progress of each caller.
struct BulkheadPolicy {
    enum class Per { consumer, client_ip, route };
    Per per = Per::consumer;
    Bulkhead bulkhead = {.concurrent = defaults::consumer_concurrent};
    friend bool operator==(const BulkheadPolicy&, const BulkheadPolicy&) = default;
};

/// What is shed last when the connector is short of something.
enum class Priority : std::uint8_t { low, normal, high, critical };

/// Levels at which the connector starts to shed; a share is percent of what there is.
struct Shed {
    bool enabled = true;
    std::uint64_t memory = 0;  ///< bytes that count as all; 0: the cgroup's limit, else the machine's memory
    std::uint32_t share = defaults::shed_share;          ///< percent of memory, descriptors, streams
    std::chrono::milliseconds lag = defaults::shed_lag;  ///< of a worker's turns
    std::uint32_t requests = 0;                          ///< in progress, all workers; 0: no bound
};

}  // namespace adit::config
