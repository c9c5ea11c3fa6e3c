// Stale answers asked for anew beside the exchange that has just used one (RFC 5861 §3).
#pragma once

#include <memory>
#include <string>

#include "connector/policy/caching.h"
#include "connector/route/forward.h"

namespace adit::policy {

/// Whose answer was stale, and how he would have asked.
struct RenewalOf {
    http::Exchange& exchange;
    const Caching& found;
    Caching::Means means;
    std::shared_ptr<backend::Backend> backend;
    route::Passage passage;
    route::Plan plan;
    std::string traceparent;
    std::shared_ptr<const void> hold;  ///< keeps what `plan` and `means` refer to
};

/// Has a copy of the request carried by a coroutine of its own, on the exchange's loop, with a bound on its time; not
/// when somebody asks already, or too many are on their way.
void renew(const RenewalOf& of);

}  // namespace adit::policy
