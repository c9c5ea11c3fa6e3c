// Names and help texts; see degrading_metrics.h.
#include "connector/admin/degrading_metrics.h"

namespace adit {
namespace {

metrics::Counter& cache_counter(metrics::Registry& registry, const std::string& route, const char* result) {
    return registry.counter("adit_cache_requests_total", "Requests of routes with a cache, by what the cache did.",
                            {{"route", route}, {"result", result}});
}

metrics::Counter& fallback_counter(metrics::Registry& registry, const std::string& of, const std::string& to,
                                   const char* result) {
    return registry.counter("adit_fallbacks_total", "Requests that a fallback was tried for, by what came of it.",
                            {{"of", of}, {"to", to}, {"result", result}});
}

}  // namespace

CacheMetrics::CacheMetrics(metrics::Registry& registry, const std::string& route)
    : hit(cache_counter(registry, route, "hit")),
      stale(cache_counter(registry, route, "stale")),
      revalidated(cache_counter(registry, route, "revalidated")),
      collapsed(cache_counter(registry, route, "collapsed")),
      miss(cache_counter(registry, route, "miss")),
      bypass(cache_counter(registry, route, "bypass")),
      stored(registry.counter("adit_cache_stored_total", "Answers that were put into the cache.", {{"route", route}})) {
}

CacheStoreMetrics::CacheStoreMetrics(metrics::Registry& registry)
    : entries_(registry.gauge("adit_cache_entries", "Answers in the cache.")),
      bytes_(registry.gauge("adit_cache_bytes", "Memory that they take.")),
      evicted_(registry.counter("adit_cache_evictions_total", "Answers that have left for want of room.")) {}

void CacheStoreMetrics::show(std::size_t entries_now, std::uint64_t bytes_now, std::uint64_t evicted_ever) {
    entries_.Set(static_cast<double>(entries_now));
    bytes_.Set(static_cast<double>(bytes_now));
    evicted_.Increment(static_cast<double>(evicted_ever - shown_.exchange(evicted_ever)));
}

FallbackMetrics::FallbackMetrics(metrics::Registry& registry, const std::string& of, const std::string& to)
    : answered(fallback_counter(registry, of, to, "answered")),
      failed(fallback_counter(registry, of, to, "failed")),
      skipped(fallback_counter(registry, of, to, "skipped")) {}

ReductionMetrics::ReductionMetrics(metrics::Registry& registry)
    : reduced(registry.gauge("adit_functionality_reduced", "Whether routes that are not essential answer 503.")),
      refused(registry.counter("adit_functionality_refused_total",
                               "Requests that were refused while functionality was reduced.")) {}

}  // namespace adit
