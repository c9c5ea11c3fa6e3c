// The first thing that happens to a request whose route is known: may it go on at all?
#pragma once

#include <optional>

#include "common/problem/failure.h"
#include "connector/admin/shed_metrics.h"
#include "connector/http/exchange.h"
#include "connector/policy/effects.h"
#include "connector/resilience/overload.h"

namespace adit::policy {

/// The counters of load shedding, by the names of its resources and priorities.
ShedMetrics make_shed_metrics(metrics::Registry& registry);

/// A worker's view of what the connector is short of.
struct Shedding {
    resilience::Overload& overload;
    ShedMetrics& metrics;
    unsigned worker = 0;
};

/// A request that is in progress, from its admission until this ends.
class Presence {
  public:
    explicit Presence(const Shedding& shedding) : shedding_(shedding) {}
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence();

    /// Counts it in; or refuses it, before anything else was done for it: 503 `overloaded`. Once.
    std::optional<problem::Failure> enter(http::Exchange& exchange, config::Priority priority, Effects& effects);

  private:
    const Shedding& shedding_;
    bool entered_ = false;
};

}  // namespace adit::policy
