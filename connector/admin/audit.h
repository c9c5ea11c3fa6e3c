// The audit log: one line for each change that somebody makes, written before the change counts.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/status/caller.h"

namespace adit {

/// A change that is about to be made, was refused, or has come to nothing. Never holds a secret.
struct Change {
    status::Caller by = {};
    std::string what = {};     ///< as the command is called: "circuit open", "tunnel create"
    std::string subject = {};  ///< what it is done to; may be empty
    std::string request = {};  ///< how it came: "POST /reload"; may be empty
    boost::json::value before = {};
    boost::json::value after = {};
    std::string outcome = "done";  ///< "refused", "failed"
    std::string reason = {};       ///< where it was not done
};

/// One line of JSON, without its end.
std::string audit_line(const Change& change, WallTime at);

/// Lines on their way to a file, or to the program's log. One thread.
class AuditLog {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// Where lines go from now on; empty: to the program's log, whatever its level. Fails, and nothing changes, when
    /// the file cannot be written.
    Result<> use(const std::filesystem::path& file);
    /// The file is opened for each line, so that one that was moved aside is left alone; a line is one write(2). An
    /// error means: do not make the change.
    Result<> write(const Change& change);
    /// The same for what was refused. Strangers bring that about: after a few in a minute they are only counted, and
    /// the next line says how many.
    void write_refused(Change change, Time now);

    /// What may be said of an error about the file, such as that a sandbox has to do with it; empty: nothing.
    using Advice = std::function<std::string(std::string_view error)>;
    void advise_by(Advice advice) { advice_ = std::move(advice); }

  private:
    Result<> append(const Change& change);

    static constexpr unsigned kRefusalsMost = 60;  ///< in a minute

    std::filesystem::path file_;
    Advice advice_;
    Time minute_{};
    unsigned refusals_ = 0;     ///< in this minute
    std::uint64_t untold_ = 0;  ///< refusals without a line
    bool torn_ = false;         ///< the last line was cut in the middle
};

}  // namespace adit
