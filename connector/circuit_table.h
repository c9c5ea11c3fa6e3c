// Circuits for operators: rows of status, metrics, and what an operator does to one.
#pragma once

#include <boost/json/array.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "common/status/server.h"
#include "connector/admin/audit.h"
#include "connector/admin/event_metrics.h"
#include "connector/generation.h"
#include "connector/resilience/circuits.h"

namespace adit {

/// Of each circuit: what it is, since when and why, when it is tried next, what it counts.
boost::json::array circuit_rows(const std::vector<UsedCircuit>& circuits, WallTime now);
/// What an operator wants to hear of: a circuit that is not simply closed. Nothing: it is.
std::vector<std::string> circuit_problems(const std::vector<UsedCircuit>& circuits, WallTime now);

/// Main thread.
class CircuitTable {
  public:
    CircuitTable(resilience::Circuits& circuits, metrics::Registry& metrics) : circuits_(circuits), metrics_(metrics) {}

    /// What only time changes; to be called now and then.
    void look() const;
    /// States and refusals for the next reading of metrics.
    void show();
    /// Changes are written down in `audit`, which outlives the server. Serves /circuits, /circuits/NAME and, by POST,
    /// /circuits/NAME/open, /close and /auto; names are percent-encoded.
    void serve_at(status::Server& server, AuditLog& audit);

  private:
    status::Answer list() const;
    status::Answer one(const status::Asked& asked, AuditLog& audit) const;
    static status::Answer force(resilience::Circuit& circuit, std::string_view action, resilience::CircuitForced to,
                                const status::Asked& asked, AuditLog& audit);
    std::shared_ptr<resilience::Circuit> find(const std::string& name) const;

    resilience::Circuits& circuits_;
    metrics::Registry& metrics_;
    std::map<std::string, std::unique_ptr<CircuitMetrics>, std::less<>> shown_;
};

}  // namespace adit
