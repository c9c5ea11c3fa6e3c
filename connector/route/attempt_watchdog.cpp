// The phases of an attempt and how long each may take; see attempt.h.
#include <algorithm>

#include "common/base/time.h"
#include "connector/route/attempt.h"

namespace adit::route {

Attempt::Watchdog::Watchdog(Attempt& attempt) : Deadline(attempt.loop_.wheel()), attempt_(attempt) {}

void Attempt::Watchdog::begin_try() {
    if (const auto most = attempt_.asking_.per_try; most.count() > 0) {
        try_ends_ = attempt_.loop_.now() + most;
    }
}

std::chrono::milliseconds Attempt::Watchdog::allowance() const {
    const backend::Timeouts& timeouts = attempt_.asking_.plan.timeouts;
    return phase_ == Phase::connect      ? timeouts.connect
           : phase_ == Phase::first_byte ? timeouts.first_byte
                                         : timeouts.idle;
}

net::Time Attempt::Watchdog::connect_ends() const {
    const net::Time own = attempt_.times_.connect_started + attempt_.asking_.plan.timeouts.connect;
    return std::min({own, try_ends_, attempt_.asking_.ends.at});
}

std::optional<problem::Failure> Attempt::Watchdog::connect_verdict() const {
    const net::Time ends = connect_ends();
    std::optional<problem::Failure> failure;
    if (attempt_.loop_.now() < ends) {
        return failure;
    }
    if (ends == attempt_.asking_.ends.at) {
        failure = attempt_.asking_.out_of_time();
    } else if (ends == try_ends_) {
        failure = problem::per_try_timeout(format_duration(attempt_.asking_.per_try));
    }
    if (failure) {
        failure->not_sent = failure->final_here = true;
    }
    return failure;
}

void Attempt::Watchdog::rearm() {
    const auto allowed = allowance();
    phase_ends_ = allowed.count() > 0 ? attempt_.loop_.now() + allowed : net::Time::max();
    if (phase_ == Phase::body) {
        try_ends_ = net::Time::max();
    }
    if (const net::Time at = std::min({phase_ends_, try_ends_, attempt_.asking_.ends.at}); at != net::Time::max()) {
        arm(at);
    } else {
        disarm();
    }
}

void Attempt::Watchdog::enter(Phase phase) {
    if (fired_ == Cause::none) {  // what it has ended stays named by the phase that took too long
        phase_ = phase;
        rearm();
    }
}

/// An origin cannot answer what it has not got: while the request's body moves, the time of the try begins anew.
void Attempt::Watchdog::progress() {
    if (!armed()) {
        return;
    }
    if (phase_ != Phase::body) {
        attempt_.times_.body_moved = attempt_.loop_.now();
        begin_try();
    }
    rearm();
}

void Attempt::Watchdog::expired() {
    const net::Time total_ends = attempt_.asking_.ends.at;
    const bool slow_client = attempt_.awaiting_client_;
    fired_ = slow_client                                      ? Cause::slow_client
             : total_ends <= std::min(phase_ends_, try_ends_) ? Cause::total
             : try_ends_ < phase_ends_                        ? Cause::per_try
                                                              : Cause::phase;
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
    if (fired_ == Cause::total) {
        return attempt_.asking_.out_of_time();
    }
    if (fired_ == Cause::per_try) {
        return problem::per_try_timeout(format_duration(attempt_.asking_.per_try));
    }
    if (fired_ == Cause::slow_client) {
        const auto silence = try_ends_ < phase_ends_ ? attempt_.asking_.per_try : allowance();
        return problem::request_timeout("nothing of the request body arrived for " + format_duration(silence));
    }
    const std::string after = format_duration(allowance());
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
