// spdlog as the sink, our own line format; see log.h.
#include "common/log/log.h"

#include "common/log/record.h"

#include <poll.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cmath>
#include <memory>
#include <mutex>

#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/log/write.h"

namespace adit::logging {
namespace {

constexpr std::array<std::string_view, 5> kNames{"trace", "debug", "info", "warn", "error"};
constexpr int kPatienceMs = 100;  ///< with a reader of standard error that stays full

/// Where lines go, for the whole process. With the registry of sinks (spdlog's own) the one global of the program: it
/// knows how lines look and keeps them whole.
class Output {
  public:
    static Output& of_process() {
        static Output output;
        return output;
    }

    void send_to(std::vector<Outlet> outlets) {
        auto now = outlets.empty() ? nullptr : std::make_shared<const std::vector<Outlet>>(std::move(outlets));
        const std::scoped_lock lock(outlets_mutex_);
        outlets_.swap(now);
    }

    void take(Batch&& batch) {
        const auto outlets = now();
        if (!outlets) {
            write_directly(batch.text);
            return;
        }
        const auto shared = std::make_shared<const Batch>(std::move(batch));
        for (const Outlet& outlet : *outlets) {
            if (shared->kind == Kind::access ? outlet.access : outlet.program) {
                outlet.queue->push(shared, shared->text.size(), shared->lines.size());
            }
        }
    }

    /// As take(), and directly where no outlet leads to standard error.
    void take_everywhere(Batch&& batch) {
        const auto outlets = now();
        const bool direct = outlets && std::ranges::none_of(*outlets, [](const Outlet& outlet) {
                                return outlet.standard_error && outlet.program;
                            });
        if (direct) {
            write_directly(batch.text);
        }
        take(std::move(batch));
    }

    std::atomic<bool> json = false;

  private:
    std::shared_ptr<const std::vector<Outlet>> now() {
        const std::scoped_lock lock(outlets_mutex_);
        return outlets_;
    }

    void write_directly(std::string_view lines) {
        const std::scoped_lock lock(writing_);
        if (torn_ && put("\n") == 0) {
            return;
        }
        const std::size_t written = put(lines);
        if (written > 0) {
            torn_ = lines[written - 1] != '\n';
        }
    }

    /// Returns how much was written.
    std::size_t put(std::string_view text) {
        const std::size_t size = text.size();
        while (!text.empty()) {
            pollfd ready{STDERR_FILENO, POLLOUT, 0};
            if (::poll(&ready, 1, stalled_ ? 0 : kPatienceMs) == 0) {
                stalled_ = true;
                break;
            }
            // pipe(7): one that poll() calls writable takes PIPE_BUF bytes without blocking.
            const ssize_t written = ::write(STDERR_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
            if (written >= 0) {
                stalled_ = false;
                text.remove_prefix(static_cast<std::size_t>(written));
            } else if (errno != EAGAIN && errno != EINTR) {
                break;
            }
        }
        return size - text.size();
    }

    std::mutex outlets_mutex_;
    std::shared_ptr<const std::vector<Outlet>> outlets_;
    std::mutex writing_;
    bool torn_ = false;     ///< the last line was cut in the middle
    bool stalled_ = false;  ///< nobody has read for a while: nobody is waited for
};

/// The output has a lock of its own, which it shares with writers that do not go through spdlog.
class OutputSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
    void sink_it_(const spdlog::details::log_msg& message) override {
        Batch batch;
        batch.text.reserve(message.payload.size() + 1);
        batch.text.append(message.payload.data(), message.payload.size());
        batch.text += '\n';
        batch.lines.push_back(
            {message.time, static_cast<Level>(message.level), static_cast<std::uint32_t>(batch.text.size())});
        Output::of_process().take(std::move(batch));
    }
    void flush_() override {}
};

bool is_plain(char c) {
    return c >= 0x20 && c < 0x7f;
}

spdlog::level::level_enum to_spdlog(Level level) {
    return static_cast<spdlog::level::level_enum>(static_cast<int>(level));
}

std::string json_line(Level level, std::string_view message, std::span<const Field> fields) {
    std::string line = "{\"time\":\"" + format_time_ms(std::chrono::system_clock::now()) + "\",\"level\":\"";
    line += name(level);
    line += "\",\"logger\":\"adit\",\"message\":";
    append_json_string(line, message);
    for (const Field& field : fields) {
        line += ',';
        append_json_string(line, field.name);
        line += ':';
        field.value.append_json(line);
    }
    line += '}';
    return line;
}

std::string text_line(Level level, std::string_view message, std::span<const Field> fields) {
    const std::string time = format_time_ms(std::chrono::system_clock::now());
    std::string line = time.substr(11, 12) + " ";
    line += name(level);
    line.append(6 - name(level).size(), ' ');
    if (std::ranges::all_of(message, is_plain)) {
        line += message;  // a sentence of ours needs no quotes
    } else {
        append_logfmt(line, message);
    }
    for (const Field& field : fields) {
        line += "  ";
        line += field.name;
        line += '=';
        field.value.append_logfmt(line);
    }
    return line;
}

std::string line_of(Level level, std::string_view message, std::span<const Field> fields) {
    return json() ? json_line(level, message, fields) : text_line(level, message, fields);
}

}  // namespace

/// What looks the same in both forms; false for texts.
bool Value::append_plain(std::string& out) const {
    if (const auto* number = std::get_if<std::int64_t>(&value_)) {
        out += std::to_string(*number);
    } else if (const auto* natural = std::get_if<std::uint64_t>(&value_)) {
        out += std::to_string(*natural);
    } else if (const auto* flag = std::get_if<bool>(&value_)) {
        out += *flag ? "true" : "false";
    } else if (const auto* real = std::get_if<double>(&value_)) {
        out += std::isfinite(*real) ? fmt::format("{:.3f}", *real) : "null";
    } else {
        return false;
    }
    return true;
}

void Value::append_json(std::string& out) const {
    if (!append_plain(out)) {
        append_json_string(out, std::get<std::string_view>(value_));
    }
}

void Value::append_logfmt(std::string& out) const {
    if (!append_plain(out)) {
        logging::append_logfmt(out, std::get<std::string_view>(value_));
    }
}

void append_logfmt(std::string& out, std::string_view text) {
    const bool bare = !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_plain(c) && c != ' ' && c != '"' && c != '=' && c != '\\';
    });
    if (bare) {
        out += text;
        return;
    }
    append_json_string(out, text);
}

std::string_view name(Level level) {
    return kNames[static_cast<std::size_t>(level)];
}

void send_to(std::vector<Outlet> outlets) {
    Output::of_process().send_to(std::move(outlets));
}

void hand_over(Batch&& batch) {
    Output::of_process().take(std::move(batch));
}

void set_up(Level level, Format format) {
    Output::of_process().json = format == Format::json || (format == Format::automatic && ::isatty(STDERR_FILENO) == 0);
    // Made once: other threads may be logging while a reload changes the level.
    static spdlog::logger* const logger = [] {
        auto made = std::make_shared<spdlog::logger>("adit", std::make_shared<OutputSink>());
        spdlog::set_default_logger(made);
        return made.get();
    }();
    logger->set_level(to_spdlog(level));
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
    return Output::of_process().json;
}

void write_line(Level level, std::string_view message, std::span<const Field> fields) {
    spdlog::logger* logger = spdlog::default_logger_raw();
    if (!logger->should_log(to_spdlog(level))) {
        return;
    }
    logger->log(to_spdlog(level), spdlog::string_view_t(line_of(level, message, fields)));
}

void write(Level level, std::string_view message, Fields fields) {
    write_line(level, message, std::span(fields.begin(), fields.size()));
}

void record(const std::string& line) {
    Batch batch;
    batch.text = line + '\n';
    batch.lines.push_back(
        {std::chrono::system_clock::now(), Level::info, static_cast<std::uint32_t>(batch.text.size())});
    Output::of_process().take(std::move(batch));
}

void warn_of_sink(std::string_view message, Fields fields) {
    Batch batch;
    batch.text = line_of(Level::warn, message, std::span(fields.begin(), fields.size())) + '\n';
    batch.lines.push_back(
        {std::chrono::system_clock::now(), Level::warn, static_cast<std::uint32_t>(batch.text.size())});
    Output::of_process().take_everywhere(std::move(batch));
}

}  // namespace adit::logging
