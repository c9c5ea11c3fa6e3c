// The bodies that collectors take: Loki's push API and OTLP/HTTP in its JSON form. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/log/batch.h"
#include "connector/telemetry/span.h"

namespace adit::telemetry {

using Labels = std::map<std::string, std::string>;
using Batches = std::vector<std::shared_ptr<const logging::Batch>>;

/// For POST /loki/api/v1/push: a stream per kind and level of line, labelled `logger` and `level` besides `labels`, and
/// `service_name` unless they have one.
std::string loki_logs(const Batches& batches, const Labels& labels);

/// For POST /v1/logs (opentelemetry-proto, ExportLogsServiceRequest): `labels` are attributes of the resource.
std::string otlp_logs(const Batches& batches, const Labels& labels);

/// For POST /v1/traces (ExportTraceServiceRequest), with the attributes of OpenTelemetry's semantic conventions for
/// HTTP and, under `adit.`, what only we know.
std::string otlp_spans(const std::vector<Spans>& batches, const Labels& labels);

}  // namespace adit::telemetry
