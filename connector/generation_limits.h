// The limits of a generation: what callers, routes and backends may have. What was counted goes on under the same name.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "connector/backend/bulkhead.h"
#include "connector/config/config.h"
#include "connector/policy/route_limits.h"

namespace adit {

class ConnectorMetrics;

struct Fabric;

/// By the names of policies, and of bulkheads as backend::Bulkhead has them.
struct LimitsInUse {
    std::map<std::string, std::shared_ptr<const policy::RateLimit>> rates;
    std::map<std::string, std::shared_ptr<const policy::CallerBulkhead>> callers;
    std::map<std::string, std::shared_ptr<const backend::Bulkhead>> bulkheads;

    /// Null: it names none.
    std::shared_ptr<const policy::RouteLimits> of(const config::RouteRule& rule) const;
    /// Null: it has none. `kind`: "route" or "backend".
    std::shared_ptr<const backend::Bulkhead> bulkhead(const std::string& kind, const std::string& name) const;
    /// Brings the metrics up to date that are not counted as things happen; at a scrape.
    void show() const;
};

/// `previous` may be null.
LimitsInUse make_limits(const config::Configuration& configuration, ConnectorMetrics& metrics, Fabric& fabric,
                        const LimitsInUse* previous);

}  // namespace adit
