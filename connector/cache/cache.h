// All caches of a connector.
#pragma once

#include "connector/cache/flights.h"
#include "connector/cache/store.h"

namespace adit::cache {

/// Outlives generations: what is kept is there after a reload. Any thread.
struct Cache {
    explicit Cache(const config::CacheStore& bounds) : store(bounds) {}

    Store store;
    Flights flights;
};

}  // namespace adit::cache
