// The phases of an attempt and how long each may take; see attempt.h.
#include <algorithm>

#include "common/base/time.h"
#include "connector/route/attempt.h"

namespace adit::route {
namespace {

/// Longer deadlines of callers are none; the bound keeps sums of times in their range.
constexpr std::chrono::nanoseconds kCallMost = std::chrono::hours(24 * 365);

}  // namespace

Attempt::Watchdog::Watchdog(Attempt& attempt) : Deadline(attempt.loop_.wheel()), attempt_(attempt) {
    if (const auto total = attempt.plan_.timeouts.total; total.count() > 0) {
        total_ends_ = attempt.exchange_.started + total;
    }
    if (attempt.grpc_timeout_) {
        caller_waits_until_ = attempt.exchange_.started + std::min(*attempt.grpc_timeout_, kCallMost);
        total_ends_ = std::min(total_ends_, caller_waits_until_);
    }
}

std::chrono::milliseconds Attempt::Watchdog::allowance() const {
    const backend::Timeouts& timeouts = attempt_.plan_.timeouts;
    return phase_ == Phase::connect      ? timeouts.connect
           : phase_ == Phase::first_byte ? timeouts.first_byte
                                         : timeouts.idle;
}

void Attempt::Watchdog::rearm() {
    const auto allowed = allowance();
    phase_ends_ = allowed.count() > 0 ? attempt_.loop_.now() + allowed : net::Time::max();
    if (const net::Time at = std::min(phase_ends_, total_ends_); at != net::Time::max()) {
        arm(at);
    } else {
        disarm();
    }
}

void Attempt::Watchdog::enter(Phase phase) {
    phase_ = phase;
    rearm();
}

void Attempt::Watchdog::progress() {
    rearm();
}

void Attempt::Watchdog::expired() {
    fired_ = phase_ends_ > total_ends_ ? Cause::total : attempt_.awaiting_client_ ? Cause::slow_client : Cause::phase;
    if (attempt_.origin_) {
        attempt_.origin_->abort(net::Errc::timed_out);
    }
    if (attempt_.exchange_.status != 0) {
        attempt_.exchange_.client().abort(net::Errc::timed_out);  // it may be the client that takes nothing
    }
}

std::optional<problem::Failure> Attempt::Watchdog::verdict() const {
    if (fired_ == Cause::none) {
        return std::nullopt;
    }
    if (fired_ == Cause::total && total_ends_ == caller_waits_until_) {
        return problem::total_timeout("the caller's own grpc-timeout");
    }
    if (fired_ == Cause::total) {
        return problem::total_timeout(format_duration(attempt_.plan_.timeouts.total));
    }
    const std::string after = format_duration(allowance());
    if (fired_ == Cause::slow_client) {
        return problem::request_timeout("nothing of the request body arrived for " + after);
    }
    switch (phase_) {
        case Phase::connect:
            return problem::connection_timeout(attempt_.endpoint_.text + ": no connection within " + after);
        case Phase::first_byte:
            return problem::first_byte_timeout(after);
        case Phase::body:
            break;
    }
    return problem::idle_timeout(after);
}

}  // namespace adit::route
