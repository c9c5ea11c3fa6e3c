// Sinks from one configuration to the next; see telemetry.h.
#include "connector/telemetry/telemetry.h"

#include <algorithm>
#include <utility>

#include "common/base/file.h"
#include "common/log/log.h"
#include "connector/telemetry/sink.h"

namespace adit::telemetry {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience = 2s;  ///< with sinks that shall end

config::LogSink standard_error() {
    config::LogSink sink;
    sink.name = "stderr";
    sink.error_stream.emplace();
    return sink;
}

/// What is wrong with a file shows when it is used.
std::string content_of(const std::filesystem::path& file) {
    return file.empty() ? std::string() : read_file(file).value_or("");
}

}  // namespace

Result<Telemetry::Plan> Telemetry::prepare(const config::Log& log,
                                           const std::optional<config::Tracing>& tracing) const {
    Plan plan;
    std::vector<config::LogSink> asked = log.sinks;
    if (asked.empty()) {
        asked.push_back(standard_error());
    }
    for (const config::LogSink& from : asked) {
        std::string ca = from.http ? content_of(from.http->ca) : std::string();
        const auto same =
            std::ranges::find_if(plan_.logs, [&](const auto& sink) { return sink->log == from && sink->ca == ca; });
        auto sink = same != plan_.logs.end() ? Result<std::shared_ptr<Sink>>(*same)
                                             : make_log_sink(from, std::move(ca), metrics_.sink(from.name), resolver_);
        if (!sink) {
            return std::unexpected(std::move(sink.error()));
        }
        plan.logs.push_back(std::move(*sink));
    }
    if (tracing) {
        std::string ca = content_of(tracing->ca);
        const bool same = plan_.spans && plan_.spans->tracing == *tracing && plan_.spans->ca == ca;
        auto sink = same ? Result<std::shared_ptr<Sink>>(plan_.spans)
                         : make_span_sink(*tracing, std::move(ca), metrics_.sink("tracing"), resolver_);
        if (!sink) {
            return std::unexpected(std::move(sink.error()));
        }
        plan.spans = std::move(*sink);
        plan.sample = tracing->sample;
    }
    return plan;
}

void Telemetry::adopt(Plan plan) {
    std::swap(plan_, plan);
    std::vector<logging::Outlet> outlets;
    for (const auto& sink : plan_.logs) {
        using Only = config::LogSink::Only;
        outlets.push_back({.queue = sink->lines,
                           .program = sink->log.only != Only::access,
                           .access = sink->log.only != Only::program,
                           .standard_error = sink->log.error_stream.has_value()});
    }
    logging::send_to(std::move(outlets));
    traces_ =
        plan_.spans ? std::make_shared<const TraceExport>(TraceExport{plan_.sample, plan_.spans->spans}) : nullptr;
    for (const auto& sink : plan.logs) {
        if (std::ranges::find(plan_.logs, sink) == plan_.logs.end()) {
            retire(sink);
        }
    }
    if (plan.spans != plan_.spans) {
        retire(plan.spans);
    }
}

void Telemetry::retire(const std::shared_ptr<Sink>& sink) {
    if (sink) {
        sink->carrier->close();
        leaving_.push_back({sink, Clock::now() + kPatience});
    }
}

void Telemetry::reopen() {
    for (const auto& sink : plan_.logs) {
        sink->carrier->reopen();
    }
}

void Telemetry::tidy() {
    const auto now = Clock::now();
    std::erase_if(leaving_, [now](const Leaving& leaving) {
        return leaving.sink->carrier->await_end(now) || now >= leaving.deadline;
    });
}

void Telemetry::finish() {
    adopt({});
    for (const Leaving& leaving : leaving_) {
        leaving.sink->carrier->await_end(leaving.deadline);
    }
    leaving_.clear();
}

}  // namespace adit::telemetry
