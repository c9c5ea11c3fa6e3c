// How an attempt ended, in the words of those who count; see attempt.h.
#include <algorithm>

#include "common/base/strings.h"
#include "connector/http/grpc.h"
#include "connector/http/reply_time.h"
#include "connector/route/attempt.h"

namespace adit::route {
namespace {

using End = resilience::Outcome::End;

End end_of(const problem::Failure& failure) {
    using enum problem::ProxyError;
    if (failure.refused_here || failure.not_sent) {
        return failure.refused_here ? End::neutral : End::connect_failure;
    }
    switch (failure.error) {
        case http_response_timeout:
        case connection_read_timeout:
            return End::timeout;
        case http_protocol_error:
        case http_response_header_section_size:
            return End::malformed;
        case connection_terminated:
        case http_response_incomplete:
            return End::reset;
        case none:
        case http_request_error:
        case http_request_denied:
        case proxy_internal_error:
        case proxy_loop_detected:
            return End::neutral;
        default:
            return End::connect_failure;
    }
}

}  // namespace

/// What the origin took for its head: neither getting a credential for it nor the client's sending is its time.
std::chrono::nanoseconds Attempt::took() const {
    return times_.asked - std::max({times_.began, times_.connect_started, times_.body_moved});
}

/// Whoever asked us has set the bound that passed: that says nothing of the origin.
bool Attempt::by_caller(const problem::Failure& failure) const {
    const bool theirs = asking_.ends.by == Ends::By::grpc_timeout || asking_.ends.by == Ends::By::earlier_hop;
    return theirs && loop_.now() >= asking_.ends.at && failure.status == 504;
}

resilience::Outcome Attempt::answered() const {
    resilience::Outcome outcome{.end = End::answered, .status = response_.status, .grpc = grpc_};
    outcome.took = took();
    if (const http::Field* code = http::is_grpc(exchange_.request) ? response_.find("grpc-status") : nullptr) {
        outcome.grpc = http::grpc_code(code->value);
    }
    if (const config::Retry* retry = asking_.plan.retry; retry != nullptr && retry->on.retriable_header) {
        outcome.retriable_header = response_.find(retry->header) != nullptr;
    }
    if (response_.status >= 400) {
        if (const http::Field* patience = response_.find("retry-after")) {
            const auto asked = http::retry_after(patience->value, std::chrono::system_clock::now());
            outcome.retry_after = std::min(asked.value_or(std::chrono::seconds(0)), std::chrono::seconds(86'400));
        }
    }
    return outcome;
}

resilience::Ending Attempt::ending(const std::optional<problem::Failure>& failure) const {
    resilience::Ending ending;
    ending.kept = origin_ != nullptr && !answered_ && (reused_ || !origin_->established());
    if (!failure) {
        ending.outcome = answered();
        return ending;
    }
    const bool ours = without_credential_ || asking_.client_left || given_up_ || by_caller(*failure);
    ending.outcome = {.end = ours ? End::neutral : end_of(*failure), .took = took()};
    const bool refused_stream =
        failure->not_sent && origin_ != nullptr && origin_->status() == net::Errc::refused && !way_refused();
    if (refused_stream) {
        ending.outcome.end = End::refused_stream;
    }
    ending.not_sent = failure->not_sent && !ours;
    // A connection or session that has just gone says nothing of who is behind it.
    ending.unreached =
        ending.not_sent && !refused_stream && failure->error != problem::ProxyError::connection_terminated;
    ending.final_here = failure->final_here;
    return ending;
}

std::optional<resilience::Outcome> Attempt::later() const {
    if (broke_off_) {
        resilience::Outcome outcome = answered();
        outcome.end = watchdog_.verdict() ? End::timeout : End::reset;
        return outcome;
    }
    if (grpc_ >= 0) {
        return answered();
    }
    return std::nullopt;
}

TryTold Attempt::told(const std::optional<problem::Failure>& failure) const {
    const resilience::Ending ending = this->ending(failure);
    using Phase = TryTold::Phase;
    const Phase phase = without_credential_                     ? Phase::credential
                        : !failure                              ? Phase::answer
                        : times_.connect_started == net::Time{} ? Phase::credential
                        : times_.connected == net::Time{}       ? Phase::connect
                                                                : Phase::wait;
    return {.endpoint = endpoint_.text,
            .ordinal = endpoint_.index + 1,
            .agent = std::string(way_.agent),
            .phase = phase,
            .took = ending.outcome.took,
            .end = ending.outcome.end,
            .status = ending.outcome.status,
            .code = failure ? std::string_view(failure->code) : std::string_view()};
}

void Attempt::show_phases() const {
    Trace& trace = asking_.trace;
    trace.tunnel = way_.tunnel;
    trace.agent = way_.agent;
    trace.endpoint = endpoint_.text;
    trace.reused = reused_;
    trace.connect_started = times_.connect_started;
    trace.connected = times_.connected;
    trace.first_byte = times_.first_byte;
    trace.origin_took = took();
}

}  // namespace adit::route
