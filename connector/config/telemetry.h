// Where log lines and spans go, as plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/log/log.h"
#include "connector/config/defaults.h"
#include "connector/config/endpoint.h"

namespace adit::config {

/// Standard output or standard error.
struct StreamSink {
    std::uint64_t queue_bytes = defaults::queue_bytes;
    friend bool operator==(const StreamSink&, const StreamSink&) = default;
};

struct FileSink {
    std::filesystem::path path;
    std::uint64_t max_size = defaults::log_file_size;  ///< 0: it is never moved aside
    std::uint32_t keep = defaults::log_files;
    std::uint64_t queue_bytes = defaults::queue_bytes;
    friend bool operator==(const FileSink&, const FileSink&) = default;
};

struct SyslogSink {
    std::string address = "/dev/log";  ///< the path of a datagram socket, or host:port by UDP
    int facility = 3;                  ///< its number; 3 is daemon
    std::uint64_t queue_bytes = defaults::queue_bytes;
    friend bool operator==(const SyslogSink&, const SyslogSink&) = default;
};

/// A collector that takes batches of lines by POST.
struct HttpSink {
    enum class Shape { loki, otlp };
    Endpoint url;  ///< http or https; its path is the base path, the shape's own where it has none
    Shape shape = Shape::otlp;
    std::map<std::string, std::string> headers;
    std::map<std::string, std::string> labels;  ///< of the stream (Loki) or the resource (OTLP)
    std::filesystem::path ca;                   ///< PEM; empty: the system's
    std::uint64_t queue_bytes = defaults::queue_bytes;
    std::uint64_t batch_bytes = defaults::batch_bytes;
    std::chrono::milliseconds batch_time = defaults::batch_time;
    std::chrono::milliseconds timeout = defaults::push_timeout;
    friend bool operator==(const HttpSink&, const HttpSink&) = default;
};

/// One place that lines go to; exactly one of the optional members is there.
struct LogSink {
    enum class Only { all, access, program };
    std::string name;  ///< as given, else its kind, numbered where that is not unique; the label of its metrics
    Only only = Only::all;
    std::optional<StreamSink> error_stream;
    std::optional<StreamSink> output_stream;
    std::optional<FileSink> file;
    std::optional<SyslogSink> syslog;
    std::optional<HttpSink> http;
    friend bool operator==(const LogSink&, const LogSink&) = default;
};

struct Log {
    logging::Level level = logging::Level::info;
    logging::Format format = logging::Format::automatic;
    std::vector<LogSink> sinks;  ///< empty: standard error
};

/// Taking part in distributed traces; spans go to a collector by OTLP/HTTP.
struct Tracing {
    Endpoint url;       ///< as that of HttpSink
    double sample = 1;  ///< share of the traces that begin here which are recorded; of others, those the caller records
    std::map<std::string, std::string> headers;
    std::map<std::string, std::string> labels;  ///< of the resource
    std::filesystem::path ca;
    std::uint64_t queue_bytes = defaults::queue_bytes;
    std::uint64_t batch_bytes = defaults::batch_bytes;
    std::chrono::milliseconds batch_time = defaults::batch_time;
    std::chrono::milliseconds timeout = defaults::push_timeout;
    friend bool operator==(const Tracing&, const Tracing&) = default;
};

}  // namespace adit::config
