// Everything that carries lines and spans away: made of the configuration, kept over reloads where nothing changed.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "common/log/carrier.h"
#include "common/net/resolver.h"
#include "connector/admin/metrics.h"
#include "connector/config/telemetry.h"
#include "connector/telemetry/span.h"

namespace adit::telemetry {

/// What a worker needs in order to record spans. Immutable, shared.
struct TraceExport {
    double sample = 1;  ///< of the traces that begin here
    std::shared_ptr<SpanQueue> queue;
};

struct Sink;

/// Owns the sinks and their threads; used on the main thread only. While it has sinks, the log goes to them.
class Telemetry {
  public:
    Telemetry(ConnectorMetrics& metrics, net::Resolver& resolver) : metrics_(metrics), resolver_(resolver) {}
    ~Telemetry() { finish(); }

    /// What a configuration asks for.
    struct Plan {
        std::vector<std::shared_ptr<Sink>> logs;
        std::shared_ptr<Sink> spans;  ///< null: no part is taken in traces
        double sample = 1;
    };
    /// Makes what does not run yet; fails, without a trace, when a file of CAs cannot be used.
    Result<Plan> prepare(const config::Log& log, const std::optional<config::Tracing>& tracing) const;
    /// Lines and spans go to these from now on. What is not among them ends when it has carried what waits, or when its
    /// time is over.
    void adopt(Plan plan);
    /// For the workers; null when no part is taken in traces. Of the plan that was adopted last.
    std::shared_ptr<const TraceExport> traces() const { return traces_; }

    /// Files may have been moved aside by somebody else.
    void reopen();
    /// Lets go of what has ended; to be called now and then.
    void tidy();
    /// Carries what waits, for a bounded time, and sends lines straight to standard error from then on.
    void finish();

  private:
    struct Leaving {
        std::shared_ptr<Sink> sink;
        std::chrono::steady_clock::time_point deadline;
    };

    void retire(const std::shared_ptr<Sink>& sink);

    ConnectorMetrics& metrics_;
    net::Resolver& resolver_;
    Plan plan_;
    std::shared_ptr<const TraceExport> traces_;
    std::list<Leaving> leaving_;
};

}  // namespace adit::telemetry
