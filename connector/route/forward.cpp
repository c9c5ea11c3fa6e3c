// What is settled before the first try; see forward.h.
#include "connector/route/forward.h"

#include <algorithm>

#include "connector/http/forward.h"
#include "connector/http/grpc.h"
#include "connector/route/tries.h"

namespace adit::route {
namespace {

/// Longer deadlines of callers are none; the bound keeps sums of times in their range.
constexpr std::chrono::nanoseconds kCallMost = std::chrono::hours(24 * 365);

/// What authenticated the caller is between the caller and us, unless the backend is meant to see it.
void withhold_credential(http::RequestHead& request, bool forwards) {
    if (!request.has_credential) {
        return;
    }
    if (forwards) {
        request.query = request.shown_query();
    } else {
        std::erase_if(request.fields, [](const http::Field& field) { return field.known == http::Known::credential; });
    }
    request.has_credential = false;
}

/// When the exchange must be over: the configuration's total, or what the caller waits, whichever is sooner.
void settle_ends(Asking& asking) {
    const net::Time started = asking.exchange.started;
    if (const auto total = asking.plan.timeouts.total; total.count() > 0) {
        asking.ends.shorten(started + total, Ends::By::total);
    }
    asking.grpc_timeout = http::grpc_timeout(asking.exchange.request);
    if (asking.grpc_timeout) {
        asking.ends.shorten(started + std::min(*asking.grpc_timeout, kCallMost), Ends::By::grpc_timeout);
    }
}

/// Where a retry may have to send the body again, it is kept as it passes.
void keep_body(Asking& asking) {
    const config::Retry* retry = asking.plan.retries ? asking.plan.retry : nullptr;
    backend::HeldBudget* budget = asking.backend.guards->replay;
    const bool wanted = retry != nullptr && retry->attempts > 1 && retry->body_bytes > 0 && budget != nullptr;
    if (wanted && !asking.exchange.body.done() && asking.backend.holding.most == 0 &&
        asking.exchange.request.upgrade.empty()) {
        asking.kept.emplace(asking.exchange.body, retry->body_bytes, *budget);
    }
}

}  // namespace

Plan plan_for(const backend::Backend& backend) {
    const backend::Guards& guards = *backend.guards;
    return {.timeouts = backend.timeouts,
            .retry = guards.retry ? &*guards.retry : nullptr,
            .retry_budget = guards.retry_budget.get()};
}

net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend,
                                                   const Passage& passage, Trace& trace, const Plan& plan) {
    if (http::seen_before(exchange.request, exchange.settings.pseudonym)) {
        co_return problem::loop_detected(exchange.settings.pseudonym);
    }
    withhold_credential(exchange.request, backend.presentation.forward_credential);
    Asking asking{.exchange = exchange, .backend = backend, .passage = passage, .plan = plan, .trace = trace};
    settle_ends(asking);
    asking.per_try = resilience::per_try(plan.timeouts, plan.retry);
    keep_body(asking);
    Tries tries(asking);
    co_return co_await tries.run();
}

}  // namespace adit::route
