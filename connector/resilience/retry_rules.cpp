// The matrix of what is safe, and pauses; see retry_rules.h.
#include "connector/resilience/retry_rules.h"

#include <algorithm>
#include <array>

namespace adit::resilience {
namespace {

using namespace std::chrono_literals;
using How = NextStep::How;

constexpr NextStep stop(Declined why) {
    return {How::stop, why};
}

/// The origin says itself that it has done nothing, or the configuration says it for a code of gRPC.
bool said_to_be_safe(const config::Conditions& on, const Outcome& outcome) {
    if (outcome.end != Outcome::End::answered) {
        return false;
    }
    const bool too_early = outcome.status == 425;  // RFC 8470 §5.2: it was not processed
    const bool by_field = on.retriable_header && outcome.retriable_header;
    const bool by_code = outcome.grpc > 0 && on.said && on.has_grpc(outcome.grpc);
    return too_early || by_field || by_code;
}

/// A connection may be closed by its origin at any time; who was about to use it has met bad luck, not a failure.
bool closed_when_kept(const Ending& ending) {
    return ending.kept && ending.outcome.end == Outcome::End::reset;
}

/// Nothing of the request was seen: another endpoint, or another way to the same one, costs no origin anything.
std::optional<NextStep> free_step(const Repeatable& request, const Ending& ending, const Progress& progress) {
    if (ending.not_sent) {
        const bool other_way = !ending.final_here && progress.tries < progress.passes_most;
        return progress.untried_endpoint || other_way ? std::optional(NextStep{How::pass_on, Declined::may})
                                                      : std::nullopt;
    }
    if (closed_when_kept(ending) && request.idempotent && !progress.passed_on_kept) {
        return NextStep{How::pass_on, Declined::may};
    }
    return std::nullopt;
}

}  // namespace

std::string_view name(Declined why) {
    static constexpr std::array<std::string_view, 13> kNames{"",
                                                             "not-listed",
                                                             "not-safe",
                                                             "body-gone",
                                                             "answer-begun",
                                                             "attempts-used",
                                                             "budget-spent",
                                                             "retry-after",
                                                             "no-time",
                                                             "no-endpoint",
                                                             "circuit-open",
                                                             "another-retries",
                                                             "client-left"};
    return kNames[static_cast<std::size_t>(why)];
}

bool worth_another(const config::Conditions& on, const Outcome& outcome) {
    return meets(on, outcome) || (outcome.end == Outcome::End::timeout && on.has_status(504));
}

NextStep next_step(const config::Retry* settings, const Repeatable& request, const Ending& ending,
                   const Progress& progress) {
    if (ending.outcome.end == Outcome::End::neutral) {
        return stop(Declined::not_listed);
    }
    const bool listed = settings != nullptr && worth_another(settings->on, ending.outcome);
    if (!listed && !ending.not_sent && !closed_when_kept(ending)) {
        return stop(Declined::not_listed);
    }
    if (request.answer_begun) {
        return stop(Declined::answer_begun);
    }
    if (!request.body_here || (request.switches && !ending.not_sent)) {
        return stop(request.body_here ? Declined::not_safe : Declined::body_gone);
    }
    if (const auto step = free_step(request, ending, progress)) {
        return *step;
    }
    if (!listed) {
        return stop(closed_when_kept(ending) && !request.idempotent ? Declined::not_safe : Declined::not_listed);
    }
    if (!ending.not_sent && !request.idempotent && !said_to_be_safe(settings->on, ending.outcome)) {
        return stop(Declined::not_safe);
    }
    if (progress.tries >= settings->attempts) {
        return stop(Declined::attempts_used);
    }
    return progress.another_retries ? stop(Declined::another_retries) : NextStep{How::try_again, Declined::may};
}

std::optional<std::chrono::milliseconds> pause_before(const config::Retry& settings, const Outcome& outcome,
                                                      std::uint32_t retry, bool elsewhere,
                                                      std::chrono::milliseconds left, double uniform) {
    const auto scaled = [](std::chrono::milliseconds time, double by) {
        return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(time.count()) * by));
    };
    if (outcome.retry_after > 0ms) {
        if (outcome.retry_after > std::min(settings.retry_after_most, left)) {
            return std::nullopt;
        }
        return scaled(outcome.retry_after, 1 + uniform / 2);  // those who were told the same do not come back at once
    }
    if (retry == 1 && elsewhere) {
        return scaled(std::min(config::defaults::retry_elsewhere_most, settings.backoff), uniform);
    }
    // Full jitter (M. Brooker, "Exponential Backoff and Jitter", 2015).
    const std::uint32_t doublings = std::min<std::uint32_t>(retry == 0 ? 0 : retry - 1, 20);
    return scaled(std::min(settings.backoff_most, settings.backoff * (std::int64_t{1} << doublings)), uniform);
}

std::chrono::milliseconds per_try(const config::Timeouts& timeouts, const config::Retry* settings) {
    if (timeouts.per_try > 0ms || settings == nullptr || settings->attempts < 2 || timeouts.total == 0ms) {
        return timeouts.per_try;
    }
    return std::max(1ms, std::min(config::defaults::per_try_most, timeouts.total / settings->attempts));
}

}  // namespace adit::resilience
