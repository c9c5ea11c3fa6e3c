// Making and writing lines; see audit.h.
#include "connector/admin/audit.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <system_error>

#include "common/base/file.h"
#include "common/base/utf8.h"
#include "common/log/log.h"
#include "common/log/record.h"
#include "common/net/descriptor.h"

namespace adit {
namespace {

namespace json = boost::json;

constexpr std::size_t kReasonMost = 2048;

std::unexpected<Error> cannot_write(const std::filesystem::path& file, Error why) {
    return std::unexpected(std::move(why).with("the audit log " + file.string() + " cannot be written"));
}

/// Commands of root write in the connector's folder, and what they make there is the connector's, too.
Result<net::Descriptor> open_file(const std::filesystem::path& file) {
    auto opened = open_or_make(file, O_WRONLY | O_APPEND);
    return opened ? Result<net::Descriptor>(net::Descriptor(*opened)) : cannot_write(file, std::move(opened.error()));
}

json::object fields_of(const Change& change) {
    json::object line{{"audit", true}, {"who", change.by.who}, {"from", change.by.from}, {"what", change.what}};
    const auto add = [&line](const char* name, const std::string& value) {
        if (!value.empty()) {
            line[name] = value;
        }
    };
    add("subject", change.subject);
    add("request", change.request);
    line["before"] = change.before;
    line["after"] = change.after;
    line["outcome"] = change.outcome;
    add("reason", change.reason.size() > kReasonMost ? as_utf8(change.reason, kReasonMost) + "…" : change.reason);
    return line;
}

/// For a person: the same in the form of the program's log.
std::string text_line(const json::object& fields, WallTime at) {
    std::string line = format_time_ms(at).substr(11, 12) + " info  a change";
    for (const auto& [name, value] : fields) {
        line += "  " + std::string(name) + "=";
        logging::append_logfmt(line, value.is_string() ? std::string(value.as_string()) : json::serialize(value));
    }
    return line;
}

}  // namespace

std::string audit_line(const Change& change, WallTime at) {
    json::object line{{"time", format_time_ms(at)}, {"level", "info"}, {"logger", "adit"}, {"message", "a change"}};
    for (const auto& [name, value] : fields_of(change)) {
        line[name] = value;
    }
    return as_utf8(json::serialize(line));  // names and paths are bytes of whoever sent them
}

Result<> AuditLog::use(const std::filesystem::path& file) {
    if (!file.empty()) {
        if (auto opened = open_file(file); !opened) {
            return std::unexpected(std::move(opened.error()));
        }
    }
    file_ = file;
    return {};
}

Result<> AuditLog::write(const Change& change) {
    Result<> written = append(change);
    const std::string advice = !written && advice_ ? advice_(written.error().message) : std::string();
    if (!advice.empty()) {
        written.error().message += "; " + advice;
    }
    return written;
}

Result<> AuditLog::append(const Change& change) {
    const auto now = std::chrono::system_clock::now();
    if (file_.empty()) {
        logging::record(logging::json() ? audit_line(change, now) : text_line(fields_of(change), now));
        return {};
    }
    const auto opened = open_file(file_);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    const std::string line = (torn_ ? "\n" : "") + audit_line(change, now) + "\n";
    const ssize_t written = ::write(opened->get(), line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) {
        const int error = written < 0 ? errno : ENOSPC;
        torn_ = torn_ || written > 0;
        return cannot_write(file_, {std::generic_category().message(error), false});
    }
    torn_ = false;
    return {};
}

void AuditLog::write_refused(Change change, Time now) {
    if (now >= minute_ + std::chrono::minutes(1)) {
        minute_ = now;
        refusals_ = 0;
    }
    if (refusals_ == kRefusalsMost) {
        ++untold_;
        return;
    }
    ++refusals_;
    change.outcome = "refused";
    if (untold_ > 0) {
        change.reason += " (and " + std::to_string(untold_) + " refused requests before it that have no line)";
        untold_ = 0;
    }
    if (auto written = write(change); !written) {
        logging::error("a refused change is not in the audit log", {{"reason", written.error().message}});
    }
}

}  // namespace adit
