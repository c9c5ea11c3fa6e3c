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

net::Task<std::optional<problem::Failure>> Pipeline::call(http::Exchange& exchange, Story& story) {
    const Routes& routes = *story.serving->routes;
    const route::Route& last = last_route(story);
    const RouteTerms& by_route = routes.terms[last.index];
    const std::size_t index = story.destination->backend_index;
    backend::Backend& backend = *story.serving->backends[index];
    route::Plan plan{.timeouts = by_route.timeouts.over(backend.timeouts),
                     .retry = by_route.retry ? &*by_route.retry : nullptr};
    for (const route::Route* inner : story.inner) {
        if (auto failure = reduced(story, *inner)) {
            co_return failure;
        }
    }
    // a fresh answer of the cache; what stands in for a failure comes after the tries
    std::optional<Rescue> rescue;
    if (routes.degrading.routes[last.index].rescues) {
        rescue.emplace(Rescue::Scene{exchange, routes.degrading, by_route, last, index, story.serving->backends,
                                     story.admission.passage, story.trace, story.effects, story.serving},
                       plan);
        if (co_await rescue->begin()) {
            co_return rescue->take_failure();
        }
        plan.taker = rescue->taker();
    }
    // the tries
    std::optional<problem::Failure> failure;
    do {
        failure = co_await route::forward(exchange, backend, story.admission.passage, story.trace, plan);
    } while (rescue && rescue->asks_again());
    co_return rescue ? co_await rescue->conclude(std::move(failure)) : std::move(failure);
}

}  // namespace adit::policy
