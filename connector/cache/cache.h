// All caches of a connector.
#pragma once

#include "connector/cache/flights.h"
#include "connector/cache/store.h"

namespace adit::cache {

/// Stale answers that are asked for anew at a time, beside the requests that have used them.
inline constexpr std::uint32_t kRenewalsMost = 256;

/// Outlives generations: what is kept is there after a reload. Any thread.
struct Cache {
    explicit Cache(const config::CacheStore& bounds) : store(bounds) {}

    Store store;
    Flights flights;
    std::atomic<std::uint32_t> renewals{0};  ///< on their way
};

}  // namespace adit::cache
