// spdlog as the sink, our own line format; see log.h.
#include "common/log/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <memory>

#include "common/base/strings.h"
#include "common/base/time.h"

namespace adit::logging {
namespace {

constexpr std::array<std::string_view, 5> kNames{"trace", "debug", "info", "warn", "error"};

/// The registry of sinks is the one global of the program (spdlog's own); this says how lines look.
bool& json_lines() {
    static bool on = false;
    return on;
}

spdlog::level::level_enum to_spdlog(Level level) {
    return static_cast<spdlog::level::level_enum>(static_cast<int>(level));
}

std::string json_line(Level level, std::string_view message, Fields fields) {
    std::string line = "{\"time\":\"" + format_time_ms(std::chrono::system_clock::now()) + "\",\"level\":\"";
    line += kNames[static_cast<std::size_t>(level)];
    line += "\",\"logger\":\"adit\",\"message\":";
    append_json_string(line, message);
    for (const Field& field : fields) {
        line += ',';
        append_json_string(line, field.name);
        line += ':';
        field.value.append_to(line);
    }
    line += '}';
    return line;
}

std::string text_line(Level level, std::string_view message, Fields fields) {
    const std::string time = format_time_ms(std::chrono::system_clock::now());
    std::string line = time.substr(11, 12) + " ";
    line += kNames[static_cast<std::size_t>(level)];
    line.append(6 - kNames[static_cast<std::size_t>(level)].size(), ' ');
    line += message;
    for (const Field& field : fields) {
        line += "  ";
        line += field.name;
        line += '=';
        field.value.append_to(line);
    }
    return line;
}

}  // namespace

void Value::append_to(std::string& out) const {
    if (const auto* text = std::get_if<std::string_view>(&value_)) {
        append_json_string(out, *text);
    } else if (const auto* number = std::get_if<std::int64_t>(&value_)) {
        out += std::to_string(*number);
    } else if (const auto* flag = std::get_if<bool>(&value_)) {
        out += *flag ? "true" : "false";
    } else {
        const double real = std::get<double>(value_);
        out += std::isfinite(real) ? fmt::format("{:.3f}", real) : "null";
    }
}

void set_up(Level level, Format format) {
    json_lines() = format == Format::json || (format == Format::automatic && ::isatty(STDERR_FILENO) == 0);
    auto logger = std::make_shared<spdlog::logger>("adit", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(to_spdlog(level));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

Result<Level> parse_level(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (name == kNames[i]) {
            return static_cast<Level>(i);
        }
    }
    if (name == "fatal") {
        return Level::error;
    }
    return usage_error("'" + std::string(name) + "' is not a log level: trace, debug, info, warn or error");
}

bool json() {
    return json_lines();
}

void write(Level level, std::string_view message, Fields fields) {
    spdlog::logger* logger = spdlog::default_logger_raw();
    if (!logger->should_log(to_spdlog(level))) {
        return;
    }
    logger->log(to_spdlog(level), spdlog::string_view_t(json() ? json_line(level, message, fields)
                                                               : text_line(level, message, fields)));
}

}  // namespace adit::logging
