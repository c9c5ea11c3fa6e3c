// A worker's part in distributed traces: joins requests to them, and tells what became of each as a span.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/base/random.h"
#include "common/net/loop.h"
#include "connector/http/message.h"
#include "connector/policy/access_log.h"
#include "connector/route/forward.h"
#include "connector/telemetry/telemetry.h"

namespace adit::policy {

/// The place of a request in its trace.
struct Tracked {
    telemetry::TraceParent self;  ///< what the origin is told: our span
    telemetry::SpanId caller{};   ///< all zero where the trace begins here
    std::string state;            ///< tracestate; kept of sampled requests only
    bool ours = false;            ///< we take part: self.span is a span of ours
};

/// Spans collect and leave at the end of a turn, as access lines do.
class Tracer final : private net::TurnEnd {
  public:
    explicit Tracer(net::Loop& loop) : loop_(loop) {}

    /// Where spans go from now on; null: no part is taken, and trace context passes as it came.
    void use(std::shared_ptr<const telemetry::TraceExport> traces);

    /// Which trace the request belongs to; nothing when to none. Where part is taken, the caller's traceparent is
    /// taken off the request, and so is its tracestate unless the trace is continued: the origin gets
    /// format_traceparent(self).
    std::optional<Tracked> begin(http::RequestHead& request);
    /// A sampled request of which we are a part has ended: `now`, and the times of `trace`, are of the loop's clock.
    void finish(Tracked tracked, const AccessRecord& record, bool client_tls, net::Time started, net::Time now,
                const route::Trace& trace);

  private:
    void turn_ended() override;
    Tracked begin_trace();
    telemetry::SpanId new_span();

    net::Loop& loop_;
    std::shared_ptr<const telemetry::TraceExport> traces_;
    Random random_;
    telemetry::Spans spans_;
    std::size_t bytes_ = 0;
};

}  // namespace adit::policy
