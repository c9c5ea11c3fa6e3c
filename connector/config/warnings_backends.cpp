// Endpoints, caches and fallbacks that come to nothing; see warnings.h.
#include <algorithm>

#include "common/base/time.h"
#include "connector/config/tries.h"
#include "connector/config/warnings.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;

void warn_of_health(const Part& part, const Health& health) {
    if (health.timeout > health.interval) {
        part.warn({"health", "timeout"}, "timeout (" + format_duration(health.timeout) + ") is longer than interval (" +
                                             format_duration(health.interval) + "): checks are later than they should");
    }
    if (health.unhealthy == 1 && health.healthy == 1) {
        part.warn({"health", "unhealthy"}, "an endpoint comes and goes with each single check: one lost packet is one");
    }
}

void warn_of_outlier(const Part& part, const Backend& backend) {
    const Outlier& outlier = *backend.outlier;
    if (backend.endpoints.size() < 2) {
        part.warn({"outlier"}, "nothing is ever ejected: the backend has one endpoint, and its last one stays");
    }
    if (outlier.consecutive == 0 && outlier.success_rate == 0 && outlier.latency == 0) {
        part.warn({"outlier"}, "nothing is ever ejected: consecutive, success_rate and latency are 0");
    }
    if (outlier.ejected_most == 0) {
        part.warn({"outlier", "ejected_most"}, "nothing is ever ejected: ejected_most is 0");
    }
    if (outlier.ejection > outlier.ejection_most) {
        part.warn({"outlier", "ejection"}, "ejection (" + format_duration(outlier.ejection) +
                                               ") is longer than ejection_most (" +
                                               format_duration(outlier.ejection_most) + "), which counts");
    }
    if (outlier.latency > 0 && backend.endpoints.size() < 3) {
        part.warn({"outlier", "latency"}, "latency is compared with the other endpoints' median: two say nothing");
    }
}

}  // namespace

void warn_of_endpoints(const Part& part, const Backend& backend) {
    if (backend.health) {
        warn_of_health(part, *backend.health);
    }
    if (backend.outlier) {
        warn_of_outlier(part, backend);
    }
    if (!backend.balance.zone.empty() && std::ranges::none_of(backend.endpoints, [&](const Endpoint& one) {
            return one.zone == backend.balance.zone;
        })) {
        part.warn({"balance", "zone"}, "no endpoint is in zone '" + backend.balance.zone + "'");
    }
}

void warn_of_cache(const Part& part, const Cache& cache, const CacheStore& store) {
    if (store.memory == 0 || store.entries == 0) {
        part.warn({"cache"}, "nothing is kept: the file's cache has no memory or no entries");
    } else if (cache.entry_bytes > store.memory) {
        part.warn({"cache", "entry_bytes"}, "entry_bytes is more than all caches may take together");
    }
}

void warn_of_fallback(const Part& part, const Fallback& fallback, const Composed& composed) {
    bool reachable = true;
    for (std::size_t i = 0; i < fallback.to.size(); ++i) {
        const Fallback::Step& step = fallback.to[i];
        if (!reachable) {
            part.warn({"fallback", "to", i}, "never asked: the static answer before it always answers");
            break;
        }
        for (std::size_t k = 0; k < i; ++k) {
            if (!step.backend.empty() && fallback.to[k].backend == step.backend) {
                part.warn({"fallback", "to", i}, "backend '" + step.backend + "' was asked already");
            }
        }
        reachable = !step.fixed;
    }
    const Timeouts& t = composed.timeouts;
    const bool to_backend = std::ranges::any_of(fallback.to, [](const auto& step) { return !step.fixed; });
    if (to_backend && t.total > 0ms && fallback.on.timeout && longest_try(t, composed.retry) >= t.total) {
        part.warn({"timeouts", "total"}, "one try may take all of total (" + format_duration(t.total) +
                                             "): after a timeout no time is left for the fallback's backend; give "
                                             "per_try");
    }
}

}  // namespace adit::config
