// Asking one endpoint after the other; see tries.h.
#include "connector/route/tries.h"

#include <algorithm>

#include "connector/http/fields.h"
#include "connector/http/parse.h"
#include "connector/resilience/hedge.h"

namespace adit::route {
namespace {

using resilience::Declined;
using How = resilience::NextStep::How;

constexpr std::string_view kTriesField = "x-adit-attempts";

problem::Failure answer_kept_back() {
    return {.error = problem::ProxyError::none,
            .status = 502,
            .code = kAnswerKeptBack,
            .detail = "the origin's answer was kept back"};
}

problem::Failure body_gone() {
    return {.error = problem::ProxyError::proxy_internal_error,
            .status = 502,
            .code = "body-gone",
            .detail = "the request's body has gone to another endpoint and was not kept"};
}

}  // namespace

Tries::Tries(Asking& asking)
    : asking_(asking), loop_(asking.loop()), candidates_(asking), active_(asking.plan.retry_budget), news_(loop_) {
    asking_.exchange.client().on_hangup(this);
}

/// From [0, 1).
double Tries::uniform() {
    static thread_local Random random;  // per worker; draws need no more
    return random.uniform();
}

Tries::~Tries() {
    if (tries_ > 0) {
        asking_.backend.metrics().tries.Observe(tries_);
    }
    asking_.exchange.client().on_hangup(nullptr);
}

void Tries::peer_hung_up() {
    asking_.client_left = true;
    for (Racer& racer : racers_) {
        if (racer.attempt) {
            racer.attempt->give_up(net::Errc::peer_gone);
        }
    }
    news_.wake();
}

net::Task<std::optional<problem::Failure>> Tries::run() {
    if (candidates_.current() == nullptr) {
        co_return candidates_.nobody();
    }
    if (asking_.left().count() == 0) {
        co_return asking_.out_of_time();
    }
    for (;;) {
        auto target = co_await find_target();
        if (!target) {
            co_return co_await settle_for(std::move(target.error()));
        }
        if (wants_whole_body()) {
            if (Failed failure = co_await hold_body()) {
                co_return failure;
            }
            continue;  // the client took its time: the way may be another by now
        }
        if (asking_.client_left) {
            co_return problem::client_gone();
        }
        if (!asking_.body_here()) {  // it has gone on while the next try was prepared
            if (!asking_.trace.tries.empty()) {
                asking_.trace.tries.back().why = Declined::body_gone;
            }
            co_return co_await settle_for(earlier_.value_or(body_gone()));
        }
        const Failed failure = co_await ask(std::move(*target));
        if (attempt().renewed()) {
            renewed_ = true;
            continue;  // with the same endpoint
        }
        const resilience::Ending ending = attempt().ending(failure);
        tell(ending);
        resilience::NextStep step = judge(failure, ending);
        if (step.how == How::try_again) {
            step.why = co_await prepare_retry(ending);
        }
        count_step(ending, step.why);
        remember(failure, step.why);
        if (step.why != Declined::may) {
            place_ = {};
            if (answer_here_) {
                co_return co_await relay();
            }
            co_return asking_.client_left ? problem::client_gone() : failure;
        }
        record(*current_, ending.outcome);
        earlier_ = failure;
        passed_on_kept_ = passed_on_kept_ || (step.how == How::pass_on && !ending.not_sent);
        candidates_.advance();
    }
}

/// There is no further try after all: what the last one came to counts, rather than that we did not ask again.
net::Task<std::optional<problem::Failure>> Tries::settle_for(problem::Failure failure) {
    place_ = {};
    if (failure.refused_here && !asking_.trace.tries.empty() && tries_ > 0) {
        asking_.trace.tries.back().why = Declined::circuit_open;
    }
    if (answer_here_) {
        co_return co_await relay();
    }
    co_return failure.refused_here&& earlier_ ? std::move(*earlier_) : std::move(failure);
}

net::Task<std::expected<Tries::Target, problem::Failure>> Tries::find_target() {
    const backend::Guards& guards = *asking_.backend.guards;
    if (asking_.plan.circuit != nullptr || guards.circuit) {
        if (const auto refusal = current_->permits.ask(asking_.plan.circuit, guards, loop_.now(), uniform())) {
            co_return std::unexpected(refused_by(*refusal));
        }
    }
    co_return co_await next_with_way();
}

/// The next endpoint that may be asked and to which there is a way. Others are passed over; the last is waited for. Of
/// circuits that are open, the one that is tried again soonest speaks for all.
net::Task<std::expected<Tries::Target, problem::Failure>> Tries::next_with_way() {
    std::optional<resilience::CircuitRefusal> soonest;
    for (;;) {
        backend::Endpoint& endpoint = *candidates_.current();
        auto refusal = current_->permits.ask(*asking_.backend.guards, endpoint, loop_.now(), uniform());
        std::optional<problem::Failure> failure;
        if (!refusal) {
            asking_.trace.endpoint = endpoint.text;
            auto way = co_await way_to(endpoint);
            if (way) {
                co_return Target{&endpoint, std::move(*way)};
            }
            asking_.backend.unreachable(endpoint, loop_.now());
            failure = std::move(way.error());
        } else {
            failure = refused_by(*refusal);
            if (!soonest || refusal->retry_after < soonest->retry_after) {
                soonest = std::move(refusal);
            }
        }
        note_unasked(endpoint, *failure);
        if (!has_untried()) {
            co_return std::unexpected(soonest ? refused_by(*soonest) : std::move(*failure));
        }
        candidates_.advance();
    }
}

void Tries::note_unasked(const backend::Endpoint& endpoint, const problem::Failure& failure) {
    using End = resilience::Outcome::End;
    asking_.trace.tries.push_back({.endpoint = endpoint.text,
                                   .ordinal = endpoint.index + 1,
                                   .end = failure.refused_here ? End::neutral : End::connect_failure,
                                   .code = failure.code,
                                   .why = has_untried() ? Declined::may : Declined::no_endpoint});
}

/// Waits where a way may come up within moments, but not while others can be asked.
net::Task<std::expected<backend::Way, problem::Failure>> Tries::way_to(backend::Endpoint& endpoint) {
    auto way = endpoint.dialer->choose();
    if (way || has_untried()) {
        co_return way;
    }
    const net::Time deadline = std::min(asking_.exchange.started + asking_.plan.timeouts.connect, asking_.ends.at);
    if (co_await endpoint.dialer->await_way(deadline)) {
        way = endpoint.dialer->choose();
    }
    co_return way;
}

bool Tries::asks_for_websocket() const {
    return http::list_has(asking_.exchange.request.upgrade, "websocket");
}

bool Tries::wants_whole_body() const {
    return !asking_.held && asking_.backend.holding.most > 0 && !asks_for_websocket();
}

/// Where credentials want to see the body before its head goes out.
net::Task<std::optional<problem::Failure>> Tries::hold_body() {
    backend::Backend& backend = asking_.backend;
    const HeldBody::Bounds bounds{
        .most = backend.holding.most, .silence = asking_.plan.timeouts.first_byte, .ends = asking_.ends.at};
    asking_.held.emplace(backend.holding.budget);
    Failed failure = co_await asking_.held->read(asking_.exchange, bounds);
    asking_.continued = asking_.continued || asking_.exchange.interim_sent;
    co_return failure;
}

/// One try, up to its head.
net::Task<std::optional<problem::Failure>> Tries::ask(Target target) {
    if (std::exchange(answer_here_, false)) {
        co_await attempt().discard();
    }
    const auto hedge_after = may_race() ? asking_.plan.hedging->begin() : std::nullopt;
    begin(*current_, std::move(target));
    if (renewed_) {
        attempt().pass_401();
    }
    if (hedge_after) {
        co_await race(*hedge_after);
    } else {
        current_->failure = co_await attempt().ask();
    }
    attempt().show_phases();
    answer_here_ = !current_->failure && !attempt().renewed();
    co_return current_->failure;
}

void Tries::begin(Racer& racer, Target target) {
    ++tries_;
    ++asking_.trace.attempts;
    if (asking_.continued) {
        asking_.exchange.request.expect_continue = false;  // the client does not wait any more
    }
    http::Exchange& exchange = asking_.exchange;
    if (tries_ > 1 && exchange.body.done() && exchange.body.bytes() == 0) {
        exchange.request.framing = {};  // its end is behind us, and would not be sent again
    }
    racer.failure.reset();
    racer.recorded = false;
    racer.attempt.emplace(asking_, *target.endpoint, std::move(target.way));
}

void Tries::note_unreached(const Racer& racer, const resilience::Ending& ending) {
    if (ending.unreached) {
        asking_.backend.unreachable(racer.attempt->endpoint(), loop_.now());
    }
}

/// Tells those who count how a try ended.
void Tries::tell(const resilience::Ending& ending) {
    using End = resilience::Outcome::End;
    const resilience::Outcome& outcome = ending.outcome;
    note_unreached(*current_, ending);
    if (outcome.end == End::answered && outcome.status < 500) {
        place_.succeeded();
        if (asking_.plan.hedging != nullptr) {
            asking_.plan.hedging->record(outcome.took);
        }
        if (resilience::RetryBudget* budget = asking_.plan.retry_budget) {
            budget->earned();
        }
    }
    place_ = {};
    if (told_at_head(outcome)) {
        record(*current_, outcome);
    }
}

/// The end of a try, for circuits and outlier detection; once for each.
void Tries::record(Racer& racer, const resilience::Outcome& outcome) {
    if (!std::exchange(racer.recorded, true)) {
        racer.permits.record(outcome, loop_.now());
        asking_.backend.report(racer.attempt->endpoint(), outcome, loop_.now());
    }
}

/// Whether the rest of an answer would add nothing, or comes too late to be waited for.
bool Tries::told_at_head(const resilience::Outcome& outcome) {
    if (outcome.end != resilience::Outcome::End::answered || outcome.status >= 500 || outcome.status == 101 ||
        current_->permits.has_probe()) {
        return true;
    }
    const http::Field* type = attempt().answer().find(http::Known::content_type);
    return type != nullptr && type->value.starts_with("text/event-stream");
}

/// No further try: the answer that there is goes on.
net::Task<std::optional<problem::Failure>> Tries::relay() {
    if (asking_.client_left) {
        co_await attempt().discard();
        co_return problem::client_gone();
    }
    if (AnswerTaker* taker = asking_.plan.taker; taker != nullptr && attempt().answer().status != 101) {
        if (!taker->relays(attempt().answer())) {
            record(*current_, attempt().ending(std::nullopt).outcome);
            co_await attempt().discard();
            co_return answer_kept_back();
        }
    }
    std::string tries;
    std::string proxy_status;
    sign_answer(tries, proxy_status);
    const resilience::Ending ending = attempt().ending(std::nullopt);
    co_await attempt().relay();
    attempt().show_phases();
    record(*current_, attempt().later().value_or(ending.outcome));
    co_return std::nullopt;
}

/// What an origin's answer says of us, in texts that live until it has gone out: how often it was asked, where that is
/// told, and where an error of its gateway comes from (RFC 9209 §2).
void Tries::sign_answer(std::string& tries, std::string& proxy_status) {
    http::ResponseHead& answer = attempt().answer();
    if (asking_.plan.retry != nullptr && asking_.plan.retry->tell_client) {
        std::erase_if(answer.fields, [](const http::Field& field) { return http::same_name(field.name, kTriesField); });
        tries = std::to_string(asking_.trace.attempts);
        answer.fields.push_back({kTriesField, tries});
    }
    if (answer.status >= 502 && answer.status <= 504) {
        proxy_status = asking_.exchange.settings.pseudonym + "; received-status=" + std::to_string(answer.status);
        proxy_status += asking_.trace.panic ? "; details=\"panic\"" : "";
        answer.fields.push_back({"proxy-status", proxy_status});
    }
}

void Tries::count_step(const resilience::Ending& ending, Declined why) {
    BackendMetrics& metrics = asking_.backend.metrics();
    if (why == Declined::may) {
        metrics.retried(resilience::describe(ending.outcome));
    } else if (why != Declined::not_listed && why != Declined::client_left) {
        metrics.declined(resilience::name(why));
    }
}

void Tries::remember(const Failed& failure, Declined why) {
    const bool worth_telling = failure || why != Declined::not_listed || !asking_.trace.tries.empty();
    if (!worth_telling) {
        return;
    }
    TryTold told = attempt().told(failure);
    told.waited = std::exchange(waited_, {});
    told.why = !failure && why == Declined::not_listed ? Declined::may : why;
    asking_.trace.tries.push_back(std::move(told));
}

}  // namespace adit::route
