// What stands around a backend, outermost first, in one place (docs/decisions/0012-resilience.md); see pipeline.h.
#include "connector/policy/pipeline.h"

namespace adit::policy {

/// Of the last route on the way.
const RouteTerms& Pipeline::terms(const Story& story) {
    const route::Route& last = story.inner.empty() ? *story.route : *story.inner.back();
    return story.serving->routes->terms[last.index];
}

net::Task<std::optional<problem::Failure>> Pipeline::call(http::Exchange& exchange, Story& story) {
    const RouteTerms& by_route = terms(story);
    backend::Backend& backend = *story.serving->backends[story.destination->backend_index];
    route::Plan plan = route::plan_for(backend);
    plan.timeouts = by_route.timeouts.over(backend.timeouts);
    plan.circuit = by_route.circuit.get();
    plan.chain = story.serving->routes->chain ? &*story.serving->routes->chain : nullptr;
    plan.hold = story.serving;
    if (by_route.retry) {
        plan.retry = &*by_route.retry;
        plan.retry_budget = by_route.retry_budget.get();
        plan.hedging = by_route.hedging.get();
    }
    // places in bulkheads, of the caller, the route and the backend: kept until the last byte
    Places places;
    if (is_bounded(story, backend)) {
        if (auto failure = co_await take_places(exchange, story, backend, plan, places)) {
            co_return failure;
        }
    }
    // the tries
    const net::Time began = exchange.client().loop().now();
    auto failure = co_await route::forward(exchange, backend, story.admission.passage, story.trace, plan);
    learn(exchange, story, places, began, failure);
    co_return failure;
}

}  // namespace adit::policy
