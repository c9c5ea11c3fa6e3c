// One function per kind of sink, from the leaves to the root; see table_parts.h.
#include "connector/config/table_parts.h"

#include <algorithm>

#include "common/config/collections.h"
#include "common/log/syslog_writer.h"
#include "common/net/address.h"

namespace adit::config {
namespace {

using namespace std::chrono_literals;
using namespace yaml;

Size queue_size() {
    return {bounds::min_queue_bytes, bounds::max_queue_bytes};
}

constexpr const char* kQueueDoc = "The most that waits for it; then the oldest is dropped, and counted.";

Object<StreamSink> stream_sink(const char* name, const char* doc) {
    return Object<StreamSink>(name, doc).field("queue_bytes", &StreamSink::queue_bytes, queue_size(), kQueueDoc);
}

Object<FileSink> file_sink() {
    return Object<FileSink>("file", "A file that is moved aside as it grows.")
        .required("path", &FileSink::path, Path(), "The file; moved aside it gets .1, .2 and so on behind its name.")
        .field("max_size", &FileSink::max_size, Size(0, bounds::max_log_file_size),
               "When it would grow beyond this it is moved aside; 0 is never.")
        .field("keep", &FileSink::keep, Integer<std::uint32_t>(1, bounds::log_files), "How many old ones are kept.")
        .field("queue_bytes", &FileSink::queue_bytes, queue_size(), kQueueDoc);
}

Result<std::string> parse_syslog_address(std::string_view text) {
    constexpr std::size_t path_most = 107;  // of sockaddr_un
    if (text.starts_with('/')) {
        if (text.size() > path_most) return usage_error("the path of a socket has at most 107 characters");
        return std::string(text);
    }
    const auto address = net::HostPort::parse(text);
    if (!address) return std::unexpected(address.error());
    return address->text();
}

Result<int> parse_facility(std::string_view text) {
    const int number = logging::syslog_facility(text);
    if (number < 0) return usage_error("use a name of RFC 5424, such as daemon, user or local0");
    return number;
}

Object<SyslogSink> syslog_sink() {
    return Object<SyslogSink>("syslog", "Messages of RFC 5424 as datagrams.")
        .field("address", &SyslogSink::address,
               Parsed<std::string>("a socket's path or host:port", parse_syslog_address),
               "The path of a datagram socket, or host:port for UDP; /dev/log when left out.")
        .field("facility", &SyslogSink::facility, Parsed<int>("a facility", parse_facility),
               "The facility's name; daemon when left out.")
        .field("queue_bytes", &SyslogSink::queue_bytes, queue_size(), kQueueDoc);
}

Result<Endpoint> parse_collector(std::string_view text) {
    auto url = parse_endpoint(text);
    if (url && url->scheme == Endpoint::Scheme::service) return usage_error("a collector is reached by http or https");
    return url;
}

/// Many collectors know their senders by the path: it is not shown.
class CollectorUrl : public Parsed<Endpoint> {
  public:
    CollectorUrl() : Parsed("a URL", parse_collector, InErrors::left_out) {}
    Schema schema() const {
        Schema text = Parsed::schema();
        text.secret = true;
        return text;
    }
};

/// RFC 9110 §5.5, of which no more than printable characters is needed here.
template <class T>
void good_headers(const Node& node, const T& of, Diagnostics& diagnostics) {
    for (const auto& [name, value] : of.headers) {
        if (!std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7F; }))
            diagnostics.error(place_of(node, {"headers", name}),
                              "a header's value is one line of printable characters");
    }
}

/// What all that push to collectors have in common.
template <class T>
Object<T> with_push(Object<T> object) {
    return std::move(object)
        .field("headers", &T::headers, TextMap(bounds::push_fields, Secrecy::secret),
               "Header fields of every request to it, such as Authorization.")
        .field("labels", &T::labels, TextMap(bounds::push_fields), "Words that every record carries.")
        .field("ca", &T::ca, Path(), "PEM file with the CAs that it is checked against; the system's when left out.")
        .field("queue_bytes", &T::queue_bytes, queue_size(), kQueueDoc)
        .field("batch_bytes", &T::batch_bytes, Size(bounds::min_batch_bytes, bounds::max_batch_bytes),
               "A batch leaves when so much has come together.")
        .field("batch_time", &T::batch_time, Duration(bounds::min_timeout, bounds::max_batch_time),
               "A batch leaves when its first record is as old as this.")
        .field("timeout", &T::timeout, Duration(bounds::min_timeout, bounds::max_push_timeout),
               "How long the collector may take for a batch, connecting included.")
        .rule(good_headers<T>);
}

Object<HttpSink> http_sink() {
    return with_push(
        Object<HttpSink>("http", "A collector that takes JSON batches by POST.")
            .required("url", &HttpSink::url, CollectorUrl(),
                      "http:// or https://; without a path it is the shape's own, /v1/logs or /loki/api/v1/push.")
            .field("shape", &HttpSink::shape,
                   Choice<HttpSink::Shape>({{"loki", HttpSink::Shape::loki}, {"otlp", HttpSink::Shape::otlp}}),
                   "Whose form the batches have: Grafana Loki's, or OTLP/HTTP's JSON."));
}

void one_kind(const Node& node, const LogSink& sink, Diagnostics& diagnostics) {
    const int kinds = static_cast<int>(sink.error_stream.has_value()) +
                      static_cast<int>(sink.output_stream.has_value()) + static_cast<int>(sink.file.has_value()) +
                      static_cast<int>(sink.syslog.has_value()) + static_cast<int>(sink.http.has_value());
    if (kinds != 1) diagnostics.error(node.place, "a sink is one of stderr, stdout, file, syslog and http");
}

Object<LogSink> log_sink() {
    return Object<LogSink>("a sink", "One place that lines go to.")
        .field("name", &LogSink::name, Name(), "How its metrics call it; its kind when left out.")
        .field(
            "only", &LogSink::only,
            Choice<LogSink::Only>(
                {{"all", LogSink::Only::all}, {"access", LogSink::Only::access}, {"program", LogSink::Only::program}}),
            "Which lines it gets: those of requests, those of the program, or all.")
        .field("stderr", &LogSink::error_stream, stream_sink("stderr", "Standard error."), "Standard error.")
        .field("stdout", &LogSink::output_stream, stream_sink("stdout", "Standard output."), "Standard output.")
        .field("file", &LogSink::file, file_sink(), "A file that is moved aside as it grows.")
        .field("syslog", &LogSink::syslog, syslog_sink(), "The system's log, or one that is reached by UDP.")
        .field("http", &LogSink::http, http_sink(), "A collector that takes JSON batches by POST.")
        .rule(one_kind);
}

}  // namespace

Object<Log> log_table() {
    return Object<Log>("log", "What is logged, how, and where it goes.")
        .field("level", &Log::level,
               Choice<logging::Level>({{"trace", logging::Level::trace},
                                       {"debug", logging::Level::debug},
                                       {"info", logging::Level::info},
                                       {"warn", logging::Level::warn},
                                       {"error", logging::Level::error}}),
               "The least important messages that are logged.")
        .field("format", &Log::format,
               Choice<logging::Format>({{"auto", logging::Format::automatic},
                                        {"json", logging::Format::json},
                                        {"text", logging::Format::text}}),
               "JSON lines or text; auto is text where all lines go to a terminal, and JSON otherwise.")
        .field("sinks", &Log::sinks, List(log_sink(), bounds::log_sinks),
               "Where lines go, each to all of these; standard error when left out.");
}

Object<Tracing> tracing_table() {
    return with_push(
        Object<Tracing>("tracing", "Taking part in W3C traces; spans go to a collector by OTLP/HTTP.")
            .required("url", &Tracing::url, CollectorUrl(), "http:// or https://; without a path it is /v1/traces.")
            .field("sample", &Tracing::sample, Fraction(),
                   "The share of requests without a trace of their own that are recorded, 0 to 1; of the others, those "
                   "that their caller records."));
}

}  // namespace adit::config
