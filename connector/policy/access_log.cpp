// Formatting and flushing of access lines; see access_log.h.
#include "connector/policy/access_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "common/base/strings.h"
#include "common/base/time.h"
#include "common/log/log.h"

namespace adit::policy {
namespace {

void append_number(std::string& out, std::uint64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

/// Milliseconds with three decimals.
void append_ms(std::string& out, std::chrono::nanoseconds time) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.count() / 1000));
    append_number(out, us / 1000);
    const auto digit = [&out](std::uint64_t number) { out += static_cast<char>('0' + number % 10); };
    out += '.';
    digit(us / 100);
    digit(us / 10);
    digit(us);
}

void text_member(std::string& out, std::string_view name, std::string_view value) {
    if (!value.empty()) {
        out += ",\"";
        out += name;
        out += "\":";
        append_json_string(out, value);
    }
}

void number_member(std::string& out, std::string_view name, std::uint64_t value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_number(out, value);
}

void ms_member(std::string& out, std::string_view name, std::chrono::nanoseconds time) {
    out += '"';
    out += name;
    out += "\":";
    append_ms(out, time);
}

}  // namespace

void AccessLog::write(const AccessRecord& record) {
    if (!on_) {
        return;
    }
    const auto now = std::chrono::system_clock::now();
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
    if (ms != stamp_ms_) {
        stamp_ms_ = ms;
        stamp_ = format_time_ms(now);
    }
    const std::size_t before = batch_.text.size();
    if (logging::json()) {
        append_json(record);
    } else {
        append_text(record);
    }
    batch_.lines.push_back({now, logging::Level::info, static_cast<std::uint32_t>(batch_.text.size() - before)});
    if (batch_.text.size() >= kFlushAt) {
        flush();
    }
    loop_.at_turn_end(*this);
}

void AccessLog::append_json(const AccessRecord& record) {
    std::string& out = batch_.text;
    out += "{\"time\":\"";
    out += stamp_;
    out += "\",\"level\":\"info\",\"logger\":\"access\",\"message\":\"request\"";
    text_member(out, "request_id", record.request_id);
    text_member(out, "trace_id", record.trace_id);
    text_member(out, "client", record.client);
    text_member(out, "consumer", record.consumer);
    text_member(out, "environment", record.environment);
    text_member(out, "method", record.method);
    text_member(out, "host", record.host);
    text_member(out, "path", record.path);
    text_member(out, "protocol", record.protocol);
    text_member(out, "route", record.route);
    text_member(out, "inner_route", record.inner_route);
    text_member(out, "backend", record.backend);
    text_member(out, "tunnel", record.tunnel);
    text_member(out, "agent", record.agent);
    text_member(out, "endpoint", record.endpoint);
    number_member(out, "status", static_cast<std::uint64_t>(record.status));
    number_member(out, "bytes_in", record.bytes_in);
    number_member(out, "bytes_out", record.bytes_out);
    out += ',';
    ms_member(out, "duration_ms", record.duration);
    out += ",\"phases\":{";
    ms_member(out, "queue_ms", record.queue);
    out += ',';
    ms_member(out, "connect_ms", record.connect);
    out += ',';
    ms_member(out, "first_byte_ms", record.first_byte);
    out += ',';
    ms_member(out, "body_ms", record.body);
    out += '}';
    number_member(out, "attempts", static_cast<std::uint64_t>(record.attempts));
    out += record.reused ? ",\"reused\":true" : ",\"reused\":false";
    if (record.effects != nullptr) {
        append_effects(*record.effects);
    }
    text_member(out, "tries", record.tries);
    text_member(out, "error", record.error);
    text_member(out, "code", record.code);
    text_member(out, "reason", record.reason);
    out += "}\n";
}

/// Only what has happened: a request that nothing was done to has a line without these.
void AccessLog::append_effects(const Effects& effects) {
    std::string& out = batch_.text;
    text_member(out, "shed", effects.shed);
    text_member(out, "reduced", effects.reduced);
    if (!effects.limit.policy.empty()) {
        text_member(out, "rate_limit", effects.limit.policy);
        text_member(out, "rate_limit_result", effects.limit.result);
        number_member(out, "rate_limit_left", effects.limit.left);
        if (effects.limit.refunded) {
            out += ",\"rate_limit_refunded\":true";
        }
    }
    text_member(out, "bulkhead", effects.bulkhead);
    if (effects.queued.count() > 0) {
        out += ',';
        ms_member(out, "bulkhead_ms", effects.queued);
    }
    text_member(out, "cache", effects.cache);
    text_member(out, "cache_detail", effects.cache_detail);
    text_member(out, "fallback", effects.fallback);
}

void AccessLog::append_effects_text(const Effects& effects) {
    std::string& out = batch_.text;
    for (const auto& [name, value] :
         {std::pair{" shed=", effects.shed}, std::pair{" reduced=", effects.reduced},
          std::pair{" rate_limit=", effects.limit.policy}, std::pair{" rate_limit_result=", effects.limit.result},
          std::pair{" bulkhead=", effects.bulkhead}, std::pair{" cache=", effects.cache},
          std::pair{" cache_detail=", effects.cache_detail}, std::pair{" fallback=", effects.fallback}}) {
        if (!value.empty()) {
            out += name;
            logging::append_logfmt(out, value);
        }
    }
    if (effects.queued.count() > 0) {
        out += " bulkhead_ms=";
        append_ms(out, effects.queued);
    }
}

void AccessLog::append_text(const AccessRecord& record) {
    std::string& out = batch_.text;
    out.append(stamp_, 11, 12);
    out += " access ";
    append_number(out, static_cast<std::uint64_t>(record.status));
    out += ' ';
    logging::append_logfmt(out, record.method);
    out += ' ';
    std::string target(record.host);
    target += record.path;
    logging::append_logfmt(out, target);
    out += "  ";
    append_ms(out, record.duration);
    out += "ms  in=";
    append_number(out, record.bytes_in);
    out += " out=";
    append_number(out, record.bytes_out);
    if (record.effects != nullptr) {
        append_effects_text(*record.effects);
    }
    for (const auto& [name, value] :
         {std::pair{" route=", record.route}, std::pair{" inner_route=", record.inner_route},
          std::pair{" consumer=", record.consumer}, std::pair{" environment=", record.environment},
          std::pair{" tunnel=", record.tunnel}, std::pair{" agent=", record.agent},
          std::pair{" endpoint=", record.endpoint}, std::pair{" tries=", record.tries},
          std::pair{" error=", record.error}, std::pair{" code=", record.code}, std::pair{" reason=", record.reason},
          std::pair{" id=", record.request_id}, std::pair{" trace=", record.trace_id}}) {
        if (!value.empty()) {
            out += name;
            logging::append_logfmt(out, value);
        }
    }
    out += '\n';
}

void AccessLog::flush() {
    if (!batch_.lines.empty()) {
        const std::size_t bytes = batch_.text.size();
        const std::size_t lines = batch_.lines.size();
        logging::hand_over(std::exchange(batch_, {.kind = logging::Kind::access, .text = {}, .lines = {}}));
        batch_.text.reserve(bytes);  // the next turn is probably like this one
        batch_.lines.reserve(lines);
    }
}

}  // namespace adit::policy
