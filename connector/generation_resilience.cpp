// Guards of backends and routes; see generation_resilience.h.
#include "connector/generation_resilience.h"

#include <algorithm>

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
    for (const config::Backend& backend : made.configuration.backends) {
        const backend::Guards* before = guards_before(previous, backend.name);
        auto guards = std::make_shared<backend::Guards>();
        guards->retry = backend.retry;
        guards->retry_budget = kept_or_made(before == nullptr ? nullptr : before->retry_budget,
                                            backend.retry.value_or(config::Retry{}).budget);
        guards->replay = &means.fabric.replay;
        made.guards.push_back(std::move(guards));
    }
}

void make_retry_terms(const config::RouteRule& rule, policy::RouteTerms& terms, const policy::RouteTerms* before) {
    if (rule.retry) {
        terms.retry_budget = kept_or_made(before == nullptr ? nullptr : before->retry_budget, rule.retry->budget);
    }
}

}  // namespace adit
