// Structured logs: a line for a person on a terminal, one JSON object a line otherwise; to standard error, or to sinks.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/error.h"
#include "common/log/batch.h"

namespace adit::logging {

enum class Format { automatic, json, text };

/// A value of a field. Texts may come from the network: they are escaped, never trusted. A Secret is no value: there is
/// no conversion from it, and none from pointers.
class Value {
  public:
    Value(std::string_view text) : value_(text) {}
    Value(const std::string& text) : value_(std::string_view(text)) {}
    Value(const char* text) : value_(std::string_view(text)) {}
    Value(std::same_as<bool> auto flag) : value_(flag) {}
    Value(double number) : value_(number) {}
    Value(std::signed_integral auto number) : value_(static_cast<std::int64_t>(number)) {}
    Value(std::unsigned_integral auto number)
        requires(!std::same_as<decltype(number), bool>)
        : value_(static_cast<std::uint64_t>(number)) {}

    void append_json(std::string& out) const;
    void append_logfmt(std::string& out) const;

  private:
    bool append_plain(std::string& out) const;
    std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value_;
};

struct Field {
    std::string_view name;
    Value value;
};
using Fields = std::initializer_list<Field>;

/// Sets the program's log up; before anything logs, and again, on one thread at a time, when a configuration changes.
/// Lines below `level` are dropped.
void set_up(Level level, Format format);
Result<Level> parse_level(std::string_view name);
/// Whether lines are JSON, for writers that format their own.
bool json();

/// `text` for a line that a person reads: bare when it is one plain word, else quoted, with every control character
/// escaped, those of C1 included, which terminals obey.
void append_logfmt(std::string& out, std::string_view text);

/// Where lines go: the queue of a sink, and which of them it wants.
struct Outlet {
    std::shared_ptr<BatchQueue> queue;
    bool program = true;
    bool access = true;
    bool standard_error = false;  ///< it leads there
};
/// From now on lines go into these queues, and no thread that logs waits for a reader. With none of them, as at first,
/// they go straight to standard error. Lines that other threads are handing over meanwhile may still go where they went
/// before.
void send_to(std::vector<Outlet> outlets);
/// Passes finished lines on, from any thread. Straight to standard error they leave in one piece: lines of other
/// threads do not get in between, and when the reader goes away or stays full for long, what is left is dropped.
void hand_over(Batch&& batch);

/// One line. From any thread.
void write(Level level, std::string_view message, Fields fields);
/// About a sink itself, once per trouble: goes to all that want lines of the program, and to standard error in any
/// case, for the sink in trouble may be the only one.
void warn_of_sink(std::string_view message, Fields fields);

inline void debug(std::string_view message, Fields fields = {}) {
    write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
    write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
    write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
    write(Level::error, message, fields);
}

}  // namespace adit::logging
