// Whether a failure of one request to an origin would have been that of all who wait for its answer. Pure.
#pragma once

#include "common/problem/failure.h"

namespace adit::cache {

/// What a failure does not say of itself.
struct Circumstances {
    bool total_spent = false;   ///< the time that is configured for an exchange is over, not only what the caller gives
    bool backend_full = false;  ///< a bulkhead that turned it away is the backend's, not the caller's
    bool answered = false;      ///< the answer had begun: who was to get it may have broken it off
};

/// Of the origin or the way to it. The caller's deadline, credential, place or request are his own: they tell nobody
/// else anything.
bool strikes_all(const problem::Failure& failure, const Circumstances& circumstances);

}  // namespace adit::cache
