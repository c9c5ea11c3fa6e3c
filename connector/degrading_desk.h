// Caches and reduced functionality for operators: what they look like, and what is done to them.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "common/base/time.h"
#include "common/status/server.h"
#include "connector/admin/audit.h"
#include "connector/admin/metrics.h"
#include "connector/fabric.h"
#include "connector/generation.h"

namespace adit {

/// Entries and bytes, and their bounds.
boost::json::object cache_standing(const cache::Store::Figures& figures, const config::CacheStore& bounds);
/// Whether functionality is reduced, since when, why, and who decides.
boost::json::object reduction_standing(const resilience::Reduction::Standing& standing, WallTime now);

/// What is wrong with the first essential backend that is not well; empty: all are, as far as is known.
std::string stress_of(const Generation& generation, resilience::Time now);

/// Main thread.
class DegradingDesk {
  public:
    DegradingDesk(Fabric& fabric, ConnectorMetrics& metrics);

    /// How essential backends fare; many times a second.
    void look(const Generation& generation);
    /// Figures for the next reading of metrics.
    void show();
    /// Changes are written down in `audit`, which outlives the server. Serves /cache, /degrade and, by POST,
    /// /cache/purge, /cache/purge/route/NAME, /cache/purge/prefix/PATH (both percent-encoded) and /degrade/on, /off and
    /// /auto.
    void serve_at(status::Server& server, AuditLog& audit);

  private:
    status::Answer purge(const status::Asked& asked, AuditLog& audit);
    status::Answer turn(const status::Asked& asked, AuditLog& audit);
    status::Answer cache_told() const;
    status::Answer reduction_told() const;
    void tell(const resilience::Reduction::Change& change);

    Fabric& fabric_;
    std::shared_ptr<CacheStoreMetrics> store_;
    std::shared_ptr<ReductionMetrics> reduction_;
};

}  // namespace adit
