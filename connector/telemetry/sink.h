// One sink as it runs: what it was made of, its queue, and what carries its records away.
#pragma once

#include <memory>
#include <string>

#include "common/log/batch.h"
#include "common/log/carrier.h"
#include "common/net/resolver.h"
#include "connector/admin/metrics.h"
#include "connector/config/telemetry.h"
#include "connector/telemetry/span.h"

namespace adit::telemetry {

/// Has a queue of lines or one of spans.
struct Sink {
    config::LogSink log;
    config::Tracing tracing;
    std::string ca;  ///< content of the file that it names, to tell whether that has changed
    std::shared_ptr<logging::BatchQueue> lines;
    std::shared_ptr<SpanQueue> spans;
    std::unique_ptr<logging::Carrier> carrier;
};

/// `ca` is the content of the file of CAs, where the sink names one.
Result<std::shared_ptr<Sink>> make_log_sink(const config::LogSink& from, std::string ca,
                                            const std::shared_ptr<SinkMetrics>& metrics, net::Resolver& resolver);
Result<std::shared_ptr<Sink>> make_span_sink(const config::Tracing& from, std::string ca,
                                             const std::shared_ptr<SinkMetrics>& metrics, net::Resolver& resolver);

}  // namespace adit::telemetry
