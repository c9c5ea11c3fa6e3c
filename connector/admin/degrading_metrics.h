// What caches, fallbacks and reduced functionality count; handles are resolved once per generation.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "common/metrics/metrics.h"

namespace adit {

/// Per route whose answers are kept.
struct CacheMetrics {
    CacheMetrics(metrics::Registry& registry, const std::string& route);
    metrics::Counter& hit;          ///< fresh, or as stale as the client takes it
    metrics::Counter& stale;        ///< while it was asked for anew, or instead of an error
    metrics::Counter& revalidated;  ///< the origin has confirmed it
    metrics::Counter& collapsed;    ///< with another's request
    metrics::Counter& miss;
    metrics::Counter& bypass;  ///< what no cache can answer
    metrics::Counter& stored;
};

/// Of all caches together; shown when metrics are asked for.
struct CacheStoreMetrics {
    explicit CacheStoreMetrics(metrics::Registry& registry);
    void show(std::size_t entries_now, std::uint64_t bytes_now, std::uint64_t evicted_ever);

  private:
    metrics::Gauge& entries_;
    metrics::Gauge& bytes_;
    metrics::Counter& evicted_;
    std::atomic<std::uint64_t> shown_{0};  ///< evictions
};

/// Per step of a fallback: `of`: "route:NAME" or "backend:NAME"; `to`: a backend, or "static".
struct FallbackMetrics {
    FallbackMetrics(metrics::Registry& registry, const std::string& of, const std::string& to);
    metrics::Counter& answered;
    metrics::Counter& failed;
    metrics::Counter& skipped;  ///< the request cannot be sent twice
};

struct ReductionMetrics {
    explicit ReductionMetrics(metrics::Registry& registry);
    metrics::Gauge& reduced;  ///< 1: functionality is reduced
    metrics::Counter& refused;
};

}  // namespace adit
