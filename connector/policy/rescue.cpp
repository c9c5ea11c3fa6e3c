// In which order it is tried to answer all the same; see rescue.h.
#include "connector/policy/rescue.h"

#include <algorithm>
#include <utility>

#include "connector/access/caller.h"
#include "connector/backend/bulkhead.h"
#include "connector/http/hops_told.h"
#include "connector/policy/renewal.h"

namespace adit::policy {
namespace {

const std::string& words_for_log(const problem::Failure& failure, const route::Trace& trace) {
    return trace.withheld.empty() ? failure.detail : trace.withheld;
}

/// Whom an answer is for alone: a caller who is known.
const access::Caller* known_caller(const route::Passage& passage) {
    const access::Caller* caller = passage.caller.get();
    return caller == nullptr || caller->consumer == access::kAnonymous ? nullptr : caller;
}

/// Whether the origin sees a credential of who asks.
bool shows_credential(const http::RequestHead& request, bool forwards) {
    return request.find(http::Known::authorization) != nullptr || (forwards && request.has_credential);
}

bool asks_others(const config::Fallback& rule) {
    return std::ranges::any_of(rule.to, [](const auto& step) { return !step.fixed; });
}

const Fallback* fallback_of(const Rescue::Scene& scene) {
    const auto& of_route = scene.degrading.routes[scene.route.index].fallback;
    const auto& of_backend = scene.degrading.backends[scene.backend_index].fallback;
    return of_route ? &*of_route : of_backend ? &*of_backend : nullptr;
}

}  // namespace

Rescue::Rescue(const Scene& scene, route::Plan& plan, Calls& calls)
    : scene_(scene), plan_(plan), fallback_(fallback_of(scene)), calls_(calls) {
    plan.taker = this;
    if (const auto means = caching_means()) {
        caching_.emplace(scene_.exchange, *means, scene_.effects);
    }
    if (fallback_ != nullptr && asks_others(fallback_->rule)) {
        request_.emplace(scene_.exchange.request);
        backend::HeldBudget* budget = backend().guards->replay;
        const std::uint64_t most = plan.retry == nullptr ? config::defaults::retry_body_bytes : plan.retry->body_bytes;
        if (!scene_.exchange.body.done() && budget != nullptr && most > 0 && backend().holding.most == 0 &&
            scene_.exchange.request.upgrade.empty()) {
            plan.kept = &body_.emplace(scene_.exchange.body, most, *budget);
        }
    }
}

/// Nothing where answers are neither kept nor are changes to be told to a cache.
std::optional<Caching::Means> Rescue::caching_means() const {
    const http::RequestHead& request = scene_.exchange.request;
    const Degrading::OfBackend& of_backend = scene_.degrading.backends[scene_.backend_index];
    const config::Cache* settings = scene_.terms.cache ? &*scene_.terms.cache
                                    : of_backend.cache ? &*of_backend.cache
                                                       : nullptr;
    if ((settings == nullptr && !of_backend.kept) || !may_use_backend()) {
        return std::nullopt;
    }
    const access::Caller* caller = known_caller(scene_.passage);
    const bool alone = settings != nullptr && settings->per_consumer;
    const backend::Presentation& presentation = backend().presentation;
    const bool forwards = presentation.forward_credential;
    const backend::Bulkhead* bulkhead = backend().guards->bulkhead.get();
    return Caching::Means{.cache = *scene_.degrading.cache,
                          .settings = settings,
                          .metrics = scene_.degrading.routes[scene_.route.index].cache.get(),
                          .key = {.backend = backend().name,
                                  .tls = scene_.exchange.client_tls,
                                  .authority = request.authority,
                                  .path = request.path,
                                  .query = forwards ? request.shown_query() : request.query,
                                  .route = scene_.route.name,
                                  .alone = alone ? caller : nullptr,
                                  .told = http::hops_told(request, presentation.disclosure, scene_.exchange.vouched,
                                                          scene_.exchange.settings.tls)},
                          .asker = {.authorized = shows_credential(request, forwards) || (!alone && caller != nullptr)},
                          .reserved = backend().reserved,
                          .forwards_credential = forwards,
                          .bulkhead = bulkhead == nullptr ? std::string_view() : bulkhead->name,
                          .total = plan_.timeouts.total,
                          .via = presentation.disclosure.via,
                          .idle = plan_.timeouts.idle};
}

/// What may not be asked for may not be had from a cache, either.
bool Rescue::may_use_backend() const {
    if (scene_.passage.access == nullptr) {
        return true;
    }
    for (std::size_t i = 0; i < backend().endpoints(); ++i) {
        if (scene_.passage.decide(backend().endpoint(i).dialer->hop()).allowed) {
            return true;
        }
    }
    return false;
}

net::Task<bool> Rescue::begin() {
    if (!caching_) {
        co_return false;
    }
    const net::Loop& loop = scene_.exchange.client().loop();
    net::Time until = loop.now() + plan_.timeouts.connect + plan_.timeouts.first_byte;
    if (plan_.timeouts.total.count() > 0) {
        until = std::min(until, scene_.exchange.started + plan_.timeouts.total);
    }
    switch (co_await caching_->begin(until)) {
        case Caching::Next::ask:
            co_return false;
        case Caching::Next::answered:
            break;
        case Caching::Next::revalidate:
            revalidate();
            co_await caching_->serve_stale();
            break;
        case Caching::Next::refuse:
            failure_ = caching_->failure();
            if (fallback_ != nullptr && failure_->code != kNotCached && stands_in_for(fallback_->rule, *failure_)) {
                failure_ = co_await fall_back(std::move(*failure_));
            }
            break;
    }
    co_return true;
}

void Rescue::revalidate() {
    renew({.exchange = scene_.exchange,
           .found = *caching_,
           .means = *caching_means(),
           .backend = scene_.backends[scene_.backend_index],
           .passage = scene_.passage,
           .plan = plan_,
           .traceparent = scene_.trace.traceparent,
           .hold = scene_.hold});
}

bool Rescue::relays(http::ResponseHead& answer) {
    if (!falling_back_ && caching_ && caching_->keeps_back(answer)) {
        return false;
    }
    if (fallback_ != nullptr && viable(step_, true) && stands_in_for(fallback_->rule, answer)) {
        kept_back_ = answer.status;
        return false;
    }
    if (!falling_back_ && caching_) {
        caching_->takes(answer);
    }
    return true;
}

http::BodyTap* Rescue::tap() {
    return caching_ && !falling_back_ ? caching_->tap() : nullptr;
}

/// The request can be sent once more: nothing of its body is gone for good, and the client has heard nothing (but that
/// it may send that body).
bool Rescue::replayable(const backend::Backend& to) const {
    const http::Exchange& exchange = scene_.exchange;
    const bool silent = exchange.status == 0 && (!exchange.interim_sent || exchange.request.expect_continue);
    const bool kept = body_ && body_->whole() && to.holding.most == 0;
    return silent && (exchange.body.bytes() == 0 || kept);
}

/// Whether another backend may do what this one may have done already: what does no harm twice (RFC 9110 §9.2.2), what
/// says itself by what it is known again, and what has not `reached` anybody.
bool Rescue::may_repeat(bool reached) const {
    const http::RequestHead& request = scene_.exchange.request;
    return !reached || http::idempotent(request.method) || request.find("idempotency-key") != nullptr;
}

/// Whether a step from that one on can answer.
bool Rescue::viable(std::size_t from, bool reached) const {
    const auto& steps = fallback_->rule.to;
    return std::any_of(
        steps.begin() + static_cast<std::ptrdiff_t>(std::min(from, steps.size())), steps.end(), [&](const auto& step) {
            return step.fixed || (may_repeat(reached) && replayable(*scene_.backends[step.backend_index]));
        });
}

net::Task<std::optional<problem::Failure>> Rescue::conclude(std::optional<problem::Failure> failure) {
    if (caching_) {
        failure = co_await caching_->conclude(std::move(failure));
    }
    if (!failure || fallback_ == nullptr || scene_.exchange.status != 0) {
        co_return failure;
    }
    const bool ours = failure->code != route::kAnswerKeptBack;
    if (ours && !stands_in_for(fallback_->rule, *failure)) {
        co_return failure;
    }
    co_return co_await fall_back(std::move(*failure));
}

/// One step after the other, until one answers. What none of them can help is told with the last cause.
net::Task<std::optional<problem::Failure>> Rescue::fall_back(problem::Failure failure) {
    falling_back_ = true;
    bool reached = kept_back_ != 0 || !(failure.not_sent || failure.refused_here);
    if (kept_back_ != 0) {
        failure = problem::bad_response("the origin answered " + std::to_string(kept_back_));
    }
    std::string withheld = kept_back_ != 0 ? failure.detail : words_for_log(failure, scene_.trace);
    const auto& steps = fallback_->rule.to;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        FallbackMetrics& metrics = *fallback_->metrics[i];
        step_ = i + 1;
        if (steps[i].fixed) {
            co_await answer(*steps[i].fixed);
            metrics.answered.Increment();
            co_return std::nullopt;
        }
        if (!may_repeat(reached) || !replayable(*scene_.backends[steps[i].backend_index])) {
            metrics.skipped.Increment();
            continue;
        }
        kept_back_ = 0;
        auto next = co_await ask(i);
        if (!next) {
            metrics.answered.Increment();
            co_return std::nullopt;
        }
        metrics.failed.Increment();
        reached = reached || kept_back_ != 0 || !(next->not_sent || next->refused_here);
        if (next->status < 500 || scene_.exchange.status != 0) {
            co_return next;  // the client has left, or is at fault
        }
        const std::string who = "; the fallback " + steps[i].backend + ": ";
        const std::string answered = "it answered " + std::to_string(kept_back_);
        failure.detail += who + (kept_back_ != 0 ? answered : next->detail);
        withheld += who + (kept_back_ != 0 ? answered : words_for_log(*next, scene_.trace));
    }
    scene_.trace.withheld = std::move(withheld);
    co_return failure;
}

/// The deadline is the one of the request, and nothing is tried twice: who stands in for somebody in trouble shall not
/// get there himself.
net::Task<std::optional<problem::Failure>> Rescue::ask(std::size_t step) {
    backend::Backend& to = *scene_.backends[fallback_->rule.to[step].backend_index];
    request_->restore(scene_.exchange.request);
    route::Plan plan = route::plan_for(to);
    plan.timeouts = scene_.terms.timeouts.over(to.timeouts);
    plan.timeouts.total = plan_.timeouts.total;
    plan.chain = plan_.chain;
    plan.hold = scene_.hold;
    plan.retries = false;
    plan.taker = this;
    plan.kept = body_ ? &*body_ : nullptr;
    scene_.effects.fallback = to.name;
    co_return co_await calls_.call(to, plan);
}

/// Nobody shall keep it for better times.
net::Task<> Rescue::answer(const config::StaticAnswer& fixed) {
    scene_.effects.fallback = "static";
    co_await scene_.exchange.answer(http::Exchange::Whole{static_cast<int>(fixed.status),
                                                          fixed.content_type,
                                                          fixed.body,
                                                          {{"cache-control", "no-store", http::Known::own}}});
}

}  // namespace adit::policy
