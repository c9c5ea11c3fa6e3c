// Who types commands, and where that is written down; see audit_trail.h.
#include "connector/cli/audit_trail.h"

#include <pwd.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "common/base/utf8.h"
#include "connector/cli/tunnel_output.h"

namespace adit::cli {
namespace {

namespace json = boost::json;

constexpr const char* kSystemLog = "/dev/log";
constexpr std::size_t kNameMost = 64;

json::value shown(const TunnelRecord* record) {
    return record == nullptr ? json::value() : json::value(to_json(*record));
}

}  // namespace

status::Caller caller_of_process() {
    const uid_t user = ::geteuid();
    const passwd* entry = ::getpwuid(user);
    const std::string number = "uid " + std::to_string(user);
    std::string who = entry == nullptr ? number : std::string(entry->pw_name) + " (" + number + ")";
    if (const char* before = std::getenv("SUDO_USER"); before != nullptr && *before != '\0') {
        who += ", " + as_utf8(before, kNameMost) + " by sudo";
    }
    return {who, "command, process " + std::to_string(::getpid())};
}

Result<> AuditTrail::write(const Change& change) const {
    if (!file_.empty()) {
        AuditLog log;
        auto usable = log.use(file_);
        return usable ? log.write(change) : std::move(usable);
    }
    const std::string line = audit_line(change, std::chrono::system_clock::now());
    if (::access(kSystemLog, W_OK) == 0) {
        ::openlog("adit-connector", LOG_PID, LOG_AUTHPRIV);
        ::syslog(LOG_INFO, "%s", line.c_str());
        ::closelog();
    } else {
        std::cerr << line << '\n';
    }
    return {};
}

Result<TunnelRecord> change_tunnels(Store store, const AuditTrail& trail, const std::string& what,
                                    const std::function<Result<TunnelRecord>(Store&)>& act) {
    Change change{.by = caller_of_process(), .what = what};
    bool told = false;
    store.witness([&](const TunnelRecord* before, const TunnelRecord* after) {
        change.subject = (before != nullptr ? before : after)->name;
        change.before = shown(before);
        change.after = shown(after);
        auto written = trail.write(change);
        told = written.has_value();
        return written;
    });
    auto changed = act(store);
    if (!changed && told) {
        change.outcome = "failed";
        change.reason = changed.error().message;
        if (auto written = trail.write(change); !written) {
            std::cerr << "adit-connector: " << written.error().message << '\n';
        }
    }
    return changed;
}

}  // namespace adit::cli
