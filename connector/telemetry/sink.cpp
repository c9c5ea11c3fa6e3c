// Making sinks of each kind; see sink.h.
#include "connector/telemetry/sink.h"

#include <unistd.h>

#include <utility>

#include "common/log/file_writer.h"
#include "common/log/stream_writer.h"
#include "common/log/syslog_writer.h"
#include "common/log/writer_thread.h"
#include "connector/config/tunnel_settings.h"
#include "connector/telemetry/pusher.h"
#include "connector/telemetry/shapes.h"

namespace adit::telemetry {
namespace {

/// A queue of any kind of record as something to push.
template <class T>
class QueueLoad final : public Load {
  public:
    using Pack = std::function<Parcel(const std::vector<T>&)>;
    QueueLoad(std::shared_ptr<logging::Queue<T>> queue, Pack pack) : queue_(std::move(queue)), pack_(std::move(pack)) {}

    std::size_t waiting() const override { return queue_->bytes(); }
    Parcel take(std::size_t bytes) override {
        const std::vector<T> items = queue_->take(bytes);
        return items.empty() ? Parcel() : pack_(items);
    }
    void on_push(std::function<void()> wake) override { queue_->on_push(std::move(wake)); }
    void close() override { queue_->close(); }
    void discard() override { queue_->discard(); }

  private:
    std::shared_ptr<logging::Queue<T>> queue_;
    Pack pack_;
};

template <class T>
std::shared_ptr<logging::Queue<T>> make_queue(std::uint64_t bytes, std::uint64_t eager,
                                              const std::shared_ptr<SinkMetrics>& metrics) {
    return std::make_shared<logging::Queue<T>>(
        typename logging::Queue<T>::Settings{.bytes = bytes, .eager = eager, .dropped = [metrics](std::uint64_t lost) {
                                                 metrics->dropped.Increment(static_cast<double>(lost));
                                             }});
}

auto report_to(const std::shared_ptr<SinkMetrics>& metrics) {
    return [metrics](std::uint64_t delivered, std::uint64_t lost) {
        metrics->delivered.Increment(static_cast<double>(delivered));
        metrics->dropped.Increment(static_cast<double>(lost));
    };
}

/// Of what a sink and tracing have in common.
template <class From>
Result<std::unique_ptr<logging::Carrier>> make_pusher(const std::string& name, const From& from, const char* usual_path,
                                                      std::unique_ptr<Load> load,
                                                      const std::shared_ptr<SinkMetrics>& metrics,
                                                      net::Resolver& resolver) {
    PostClient::Target target{from.url, from.headers, nullptr};
    if (target.url.base_path.empty()) {
        target.url.base_path = usual_path;
    }
    if (target.url.scheme == config::Endpoint::Scheme::https) {
        auto context = tls::Context::origin(from.ca, {}, {});
        if (!context) {
            return std::unexpected(std::move(context.error()));
        }
        target.tls = std::make_shared<const tls::Context>(std::move(*context));
    }
    return std::make_unique<Pusher>(
        Pusher::Settings{name, static_cast<std::size_t>(from.batch_bytes), from.batch_time, from.timeout},
        std::move(target), std::move(load), report_to(metrics), resolver);
}

Parcel pack_lines(const Batches& batches, const config::HttpSink& sink) {
    Parcel parcel;
    for (const auto& batch : batches) {
        parcel.records += batch->lines.size();
    }
    const bool loki = sink.shape == config::HttpSink::Shape::loki;
    parcel.body = loki ? loki_logs(batches, sink.labels) : otlp_logs(batches, sink.labels);
    return parcel;
}

Parcel pack_spans(const std::vector<Spans>& batches, const Labels& labels) {
    Parcel parcel;
    for (const Spans& spans : batches) {
        parcel.records += spans.size();
    }
    parcel.body = otlp_spans(batches, labels);
    return parcel;
}

std::unique_ptr<logging::Writer> make_writer(const config::LogSink& from) {
    if (from.file) {
        return std::make_unique<logging::FileWriter>(
            logging::FileWriter::Settings{from.file->path, from.file->max_size, from.file->keep});
    }
    if (from.syslog) {
        return std::make_unique<logging::SyslogWriter>(
            from.syslog->address, logging::SyslogIdentity{from.syslog->facility, config::machine_name(),
                                                          "adit-connector", std::to_string(::getpid())});
    }
    return std::make_unique<logging::StreamWriter>(from.output_stream ? STDOUT_FILENO : STDERR_FILENO);
}

std::uint64_t queue_bytes(const config::LogSink& from) {
    return from.http            ? from.http->queue_bytes
           : from.file          ? from.file->queue_bytes
           : from.syslog        ? from.syslog->queue_bytes
           : from.output_stream ? from.output_stream->queue_bytes
                                : from.error_stream->queue_bytes;
}

}  // namespace

Result<std::shared_ptr<Sink>> make_log_sink(const config::LogSink& from, std::string ca,
                                            const std::shared_ptr<SinkMetrics>& metrics, net::Resolver& resolver) {
    using Item = std::shared_ptr<const logging::Batch>;
    // Told now, and not when the first line is lost.
    if (auto usable = from.file ? logging::FileWriter::usable(from.file->path) : Result<>(); !usable) {
        return std::unexpected(std::move(usable.error()));
    }
    auto sink = std::make_shared<Sink>();
    sink->log = from;
    sink->ca = std::move(ca);
    sink->lines = make_queue<Item>(queue_bytes(from), from.http ? from.http->batch_bytes : 1, metrics);
    if (!from.http) {
        sink->carrier = std::make_unique<logging::WriterThread>(sink->lines, make_writer(from), report_to(metrics));
        return sink;
    }
    auto load = std::make_unique<QueueLoad<Item>>(
        sink->lines, [http = *from.http](const Batches& batches) { return pack_lines(batches, http); });
    const bool loki = from.http->shape == config::HttpSink::Shape::loki;
    auto pusher =
        make_pusher(from.name, *from.http, loki ? "/loki/api/v1/push" : "/v1/logs", std::move(load), metrics, resolver);
    if (!pusher) {
        return std::unexpected(std::move(pusher.error()));
    }
    sink->carrier = std::move(*pusher);
    return sink;
}

Result<std::shared_ptr<Sink>> make_span_sink(const config::Tracing& from, std::string ca,
                                             const std::shared_ptr<SinkMetrics>& metrics, net::Resolver& resolver) {
    auto sink = std::make_shared<Sink>();
    sink->tracing = from;
    sink->ca = std::move(ca);
    sink->spans = make_queue<Spans>(from.queue_bytes, from.batch_bytes, metrics);
    auto load = std::make_unique<QueueLoad<Spans>>(
        sink->spans, [labels = from.labels](const std::vector<Spans>& batches) { return pack_spans(batches, labels); });
    auto pusher = make_pusher("tracing", from, "/v1/traces", std::move(load), metrics, resolver);
    if (!pusher) {
        return std::unexpected(std::move(pusher.error()));
    }
    sink->carrier = std::move(*pusher);
    return sink;
}

}  // namespace adit::telemetry
