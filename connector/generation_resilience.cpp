// Guards of backends and routes; see generation_resilience.h.
#include "connector/generation_resilience.h"

#include <algorithm>

#include "connector/generation_circuits.h"
#include "connector/generation_endpoints.h"
#include "connector/resilience/hedge.h"
#include "connector/resilience/retry_budget.h"

namespace adit {
namespace {

using resilience::RetryBudget;

/// The one of before, by today's settings; else another.
std::shared_ptr<RetryBudget> kept_or_made(std::shared_ptr<RetryBudget> before, const config::RetryBudget& settings) {
    if (before) {
        before->set(settings);
        return before;
    }
    return std::make_shared<RetryBudget>(settings);
}

/// The same for second tries beside slow ones; null where there are none.
std::shared_ptr<resilience::Hedging> hedging(const std::optional<config::Retry>& retry,
                                             std::shared_ptr<resilience::Hedging> before) {
    if (!retry || !retry->hedge) {
        return nullptr;
    }
    if (before) {
        before->set(*retry->hedge);
        return before;
    }
    return std::make_shared<resilience::Hedging>(*retry->hedge);
}

/// What stood around the backend of that name; null: there was none.
const backend::Guards* guards_before(const Generation* previous, const std::string& name) {
    if (previous == nullptr) {
        return nullptr;
    }
    const auto& backends = previous->configuration.backends;
    const auto found = std::ranges::find(backends, name, &config::Backend::name);
    return found == backends.end() ? nullptr
                                   : previous->guards[static_cast<std::size_t>(found - backends.begin())].get();
}

}  // namespace

void make_guards(Generation& made, const Generation::Means& means, const Generation* previous) {
    for (std::size_t i = 0; i < made.configuration.backends.size(); ++i) {
        const config::Backend& backend = made.configuration.backends[i];
        const backend::Guards* before = guards_before(previous, backend.name);
        auto guards = std::make_shared<backend::Guards>();
        guards->retry = backend.retry;
        guards->retry_budget = kept_or_made(before == nullptr ? nullptr : before->retry_budget,
                                            backend.retry.value_or(config::Retry{}).budget);
        guards->hedging = hedging(backend.retry, before == nullptr ? nullptr : before->hedging);
        guards->replay = &means.fabric.replay;
        guards->roster = make_roster(made, i, means, previous);
        make_circuits(made, backend, *guards, means.fabric);
        guards->bulkhead = made.limits.bulkhead("backend", backend.name);
        made.guards.push_back(std::move(guards));
    }
}

void make_retry_terms(const config::RouteRule& rule, policy::RouteTerms& terms, const policy::RouteTerms* before) {
    if (rule.retry) {
        terms.hedging = hedging(rule.retry, before == nullptr ? nullptr : before->hedging);
        terms.retry_budget = kept_or_made(before == nullptr ? nullptr : before->retry_budget, rule.retry->budget);
    }
}

}  // namespace adit
