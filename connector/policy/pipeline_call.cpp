// What stands around a backend, outermost first, in one place (docs/decisions/0012-resilience.md); see pipeline.h.
#include "connector/policy/pipeline.h"
#include "connector/policy/rescue.h"

namespace adit::policy {

/// Whose terms count for the call.
const route::Route& Pipeline::last_route(const Story& story) {
    return story.inner.empty() ? *story.route : *story.inner.back();
}

/// A route that is not essential waits for better times.
std::optional<problem::Failure> Pipeline::reduced(Story& story, const route::Route& route) {
    const Routes& routes = *story.serving->routes;
    if (routes.terms[route.index].essential || !routes.degrading.reduction->reduced()) {
        return std::nullopt;
    }
    const auto standing = routes.degrading.reduction->standing();
    story.effects.reduced = standing.by == resilience::Reduction::Switch::on ? "operator" : "stress";
    routes.degrading.reduction_metrics->refused.Increment();
    const auto wait = routes.degrading.reduction->retry_after(net::Clock::now());
    return problem::functionality_reduced("this part of the service waits until others are well again",
                                          static_cast<int>(wait.count()));
}

/// How the calls are made: what the route says over what the backend says.
route::Plan Pipeline::plan_of(const Story& story, const backend::Backend& backend) {
    const Routes& routes = *story.serving->routes;
    const RouteTerms& by_route = routes.terms[last_route(story).index];
    route::Plan plan = route::plan_for(backend);
    plan.timeouts = by_route.timeouts.over(backend.timeouts);
    plan.circuit = by_route.circuit.get();
    plan.chain = routes.chain ? &*routes.chain : nullptr;
    plan.hold = story.serving;
    if (by_route.retry) {
        plan.retry = &*by_route.retry;
        plan.retry_budget = by_route.retry_budget.get();
        plan.hedging = by_route.hedging.get();
    }
    return plan;
}

net::Task<std::optional<problem::Failure>> Pipeline::call(http::Exchange& exchange, Story& story) {
    const Routes& routes = *story.serving->routes;
    const route::Route& last = last_route(story);
    backend::Backend& backend = *story.serving->backends[story.destination->backend_index];
    for (const route::Route* inner : story.inner) {
        if (auto failure = reduced(story, *inner)) {
            co_return failure;
        }
    }
    route::Plan plan = plan_of(story, backend);
    struct InPlace final : Rescue::Calls {
        InPlace(http::Exchange& of, Story& with) : exchange(of), story(with) {}
        net::Task<std::optional<problem::Failure>> call(backend::Backend& to, const route::Plan& by) override {
            return call_in_place(exchange, story, to, by);
        }
        http::Exchange& exchange;
        Story& story;
    } calls(exchange, story);
    // a fresh answer of the cache; what stands in for a failure comes after the tries
    std::optional<Rescue> rescue;
    if (routes.degrading.routes[last.index].rescues) {
        rescue.emplace(
            Rescue::Scene{exchange, routes.degrading, routes.terms[last.index], last, story.destination->backend_index,
                          story.serving->backends, story.admission.passage, story.trace, story.effects, story.serving},
            plan, calls);
        if (co_await rescue->begin()) {
            co_return rescue->take_failure();
        }
    }
    std::optional<problem::Failure> failure;
    do {
        failure = co_await call_in_place(exchange, story, backend, plan);
    } while (rescue && rescue->asks_again());
    co_return rescue ? co_await rescue->conclude(std::move(failure)) : std::move(failure);
}

/// The tries, with places in the bulkheads of the caller, the route and the backend: kept until the last byte.
net::Task<std::optional<problem::Failure>> Pipeline::call_in_place(http::Exchange& exchange, Story& story,
                                                                   backend::Backend& backend, const route::Plan& plan) {
    story.trace.withheld.clear();
    Places places;
    if (is_bounded(story, backend)) {
        if (auto failure = co_await take_places(exchange, story, backend, plan, places)) {
            co_return failure;
        }
    }
    const net::Time began = exchange.client().loop().now();
    auto failure = co_await route::forward(exchange, backend, story.admission.passage, story.trace, plan);
    learn(exchange, story, places, began, failure);
    co_return failure;
}

}  // namespace adit::policy
