// Guards of backends and routes; see generation_resilience.h.
#include "connector/generation_resilience.h"

#include <string_view>
#include <unordered_map>

#include "connector/generation_circuits.h"
#include "connector/generation_endpoints.h"
#include "connector/resilience/hedge.h"
#include "connector/resilience/retry_budget.h"

namespace adit {
namespace {

using resilience::RetryBudget;

/// The one of before, whose settings change when this generation is used; else another.
std::shared_ptr<RetryBudget> kept_or_made(std::shared_ptr<RetryBudget> before, const config::RetryBudget& settings) {
    return before ? std::move(before) : std::make_shared<RetryBudget>(settings);
}

/// The same for second tries beside slow ones; null where there are none.
std::shared_ptr<resilience::Hedging> hedging(const std::optional<config::Retry>& retry,
                                             std::shared_ptr<resilience::Hedging> before) {
    if (!retry || !retry->hedge) {
        return nullptr;
    }
    return before ? std::move(before) : std::make_shared<resilience::Hedging>(*retry->hedge);
}

void use(const std::optional<config::Retry>& retry, RetryBudget* budget, resilience::Hedging* hedging) {
    if (budget != nullptr) {
        budget->set(retry.value_or(config::Retry{}).budget);
    }
    if (hedging != nullptr) {
        hedging->set(*retry->hedge);
    }
}

}  // namespace

void make_guards(Generation& made, const Generation::Means& means, const Generation* previous) {
    std::unordered_map<std::string_view, std::size_t> known;
    for (std::size_t i = 0; previous != nullptr && i < previous->configuration.backends.size(); ++i) {
        known.emplace(previous->configuration.backends[i].name, i);
    }
    for (std::size_t i = 0; i < made.configuration.backends.size(); ++i) {
        const config::Backend& backend = made.configuration.backends[i];
        const auto found = known.find(backend.name);
        const auto index = found == known.end() ? std::nullopt : std::optional(found->second);
        const backend::Guards* before = index ? previous->guards[*index].get() : nullptr;
        auto guards = std::make_shared<backend::Guards>();
        guards->retry = backend.retry;
        guards->retry_budget = kept_or_made(before == nullptr ? nullptr : before->retry_budget,
                                            backend.retry.value_or(config::Retry{}).budget);
        guards->hedging = hedging(backend.retry, before == nullptr ? nullptr : before->hedging);
        guards->replay = &means.fabric.replay;
        guards->roster =
            make_roster(backend, means, before, index ? &previous->configuration.backends[*index] : nullptr);
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

void use_retries(const Generation& generation) {
    for (const auto& guards : generation.guards) {
        use(guards->retry, guards->retry_budget.get(), guards->hedging.get());
    }
    for (const policy::RouteTerms& terms : generation.routes->terms) {
        use(terms.retry, terms.retry_budget.get(), terms.hedging.get());
    }
}

}  // namespace adit
