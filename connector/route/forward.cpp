// What is settled before the first try; see forward.h.
#include "connector/route/forward.h"

#include <algorithm>
#include <charconv>

#include "connector/http/forward.h"
#include "connector/http/grpc.h"
#include "connector/route/chain.h"
#include "connector/route/tries.h"

namespace adit::route {
namespace {

/// Longer deadlines of callers are none; the bound keeps sums of times in their range.
constexpr std::chrono::nanoseconds kCallMost = std::chrono::hours(24 * 365);
constexpr std::chrono::milliseconds kHopMost = std::chrono::hours(24);

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

/// What the connector before us says, where there is one that has our key.
std::optional<Hop> word_of_hop(const Asking& asking) {
    const http::RequestHead& request = asking.exchange.request;
    const http::Field* field = asking.plan.chain == nullptr ? nullptr : request.find(kHopField);
    const http::Field* id = field == nullptr ? nullptr : request.find(http::Known::request_id);
    return id == nullptr ? std::nullopt
                         : asking.plan.chain->read(field->value, id->value, std::chrono::system_clock::now());
}

/// What a trusted proxy says in the field by which origins learn how much time is left.
std::optional<std::chrono::milliseconds> time_by_field(const Asking& asking) {
    const std::string& name = asking.backend.presentation.deadline_field;
    const http::Field* field = name.empty() || !asking.exchange.vouched ? nullptr : asking.exchange.request.find(name);
    std::int64_t ms = 0;
    if (field == nullptr) {
        return std::nullopt;
    }
    const std::string_view text = field->value;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), ms);
    const bool good = bad == std::errc() && end == text.data() + text.size() && ms >= 0;
    return good ? std::optional(std::chrono::milliseconds(ms)) : std::nullopt;
}

/// When the exchange must be over: the configuration's total, or what the caller waits, whichever is sooner.
void settle_ends(Asking& asking) {
    const net::Time started = asking.exchange.started;
    if (const auto total = asking.plan.timeouts.total; total.count() > 0) {
        asking.ends.shorten(started + total, Ends::By::total);
    }
    if (const auto hop = word_of_hop(asking)) {
        asking.another_retries = hop->retries;
        if (hop->left) {
            asking.ends.shorten(started + std::min(*hop->left, kHopMost), Ends::By::earlier_hop);
        }
    }
    if (const auto left = time_by_field(asking)) {
        asking.ends.shorten(started + std::min(*left, kHopMost), Ends::By::earlier_hop);
    }
    asking.grpc_timeout = http::grpc_timeout(asking.exchange.request);
    if (asking.grpc_timeout) {
        asking.ends.shorten(started + std::min(*asking.grpc_timeout, kCallMost), Ends::By::grpc_timeout);
    }
}

/// Where a retry may have to send the body again, it is kept as it passes.
void keep_body(Asking& asking) {
    if (asking.plan.kept != nullptr) {
        asking.kept = asking.plan.kept;
        return;
    }
    const config::Retry* retry = asking.plan.retries ? asking.plan.retry : nullptr;
    backend::HeldBudget* budget = asking.backend.guards->replay;
    const bool wanted = retry != nullptr && retry->attempts > 1 && retry->body_bytes > 0 && budget != nullptr;
    if (wanted && !asking.exchange.body.done() && asking.backend.holding.most == 0 &&
        asking.exchange.request.upgrade.empty()) {
        asking.kept = &asking.own_kept.emplace(asking.exchange.body, retry->body_bytes, *budget);
    }
}

}  // namespace

Plan plan_for(const backend::Backend& backend) {
    const backend::Guards& guards = *backend.guards;
    return {.timeouts = backend.timeouts,
            .retry = guards.retry ? &*guards.retry : nullptr,
            .retry_budget = guards.retry_budget.get(),
            .hedging = guards.hedging.get()};
}

net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend,
                                                   const Passage& passage, Trace& trace, const Plan& plan) {
    if (http::seen_before(exchange.request, exchange.settings.pseudonym)) {
        co_return problem::loop_detected(exchange.settings.pseudonym);
    }
    Asking asking{.exchange = exchange, .backend = backend, .passage = passage, .plan = plan, .trace = trace};
    settle_ends(asking);
    asking.per_try = resilience::per_try(plan.timeouts, plan.retry);
    keep_body(asking);
    Tries tries(asking);
    withhold_credential(exchange.request, backend.presentation.forward_credential);
    auto failure = co_await tries.run();
    if (failure) {
        failure->refused_here = failure->refused_here && trace.attempts == 0;
        explain(*failure, asking);
    }
    co_return failure;
}

}  // namespace adit::route
