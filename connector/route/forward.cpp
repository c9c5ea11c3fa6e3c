// Attempts over endpoints until one answers or none may be tried again; see forward.h.
#include "connector/route/forward.h"

#include <algorithm>

#include "connector/http/forward.h"
#include "connector/http/parse.h"
#include "connector/route/attempt.h"

namespace adit::route {
namespace {

constexpr int kAttemptsMost = 3;  ///< of one exchange, each on another connection and, where there is one, endpoint

/// The way to the endpoint; waits where one may come up within moments.
net::Task<std::expected<backend::Way, problem::Failure>> find_way(backend::Endpoint& endpoint, net::Time deadline) {
    auto way = endpoint.dialer->choose();
    if (!way && co_await endpoint.dialer->await_way(deadline)) {
        way = endpoint.dialer->choose();
    }
    co_return way;
}

/// Whether the backend wants bodies whole. What follows a request to upgrade is none.
bool wants_whole_body(const http::Exchange& exchange, const backend::Backend& backend) {
    return backend.holding.most > 0 && !http::list_has(exchange.request.upgrade, "websocket");
}

net::Task<std::optional<problem::Failure>> hold_body(http::Exchange& exchange, const backend::Backend& backend,
                                                     const Plan& plan, std::optional<HeldBody>& held) {
    HeldBody::Bounds bounds{.most = backend.holding.most, .silence = plan.timeouts.first_byte};
    if (plan.timeouts.total.count() > 0) {
        bounds.ends = exchange.started + plan.timeouts.total;
    }
    held.emplace(backend.holding.budget);
    return held->read(exchange, bounds);
}

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

/// Drops from `order`, at `at` and behind it, what the caller may not use, up to the first that he may.
void pass_over_denied(backend::Backend::Order& order, std::size_t at, const Passage& passage, Trace& trace) {
    while (passage.access != nullptr && at < order.size()) {
        const access::Verdict verdict = passage.decide(order[at]->dialer->hop());
        if (verdict.allowed) {
            break;
        }
        trace.denied = verdict.reason;
        order.erase(order.begin() + static_cast<std::ptrdiff_t>(at));
    }
}

}  // namespace

net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend,
                                                   const Passage& passage, Trace& trace, const Plan& plan) {
    if (http::seen_before(exchange.request, exchange.settings.pseudonym)) {
        co_return problem::loop_detected(exchange.settings.pseudonym);
    }
    withhold_credential(exchange.request, backend.presentation.forward_credential);
    const net::Loop& loop = exchange.client().loop();
    auto order = backend.next_order(loop.now());
    pass_over_denied(order, 0, passage, trace);
    if (order.empty()) {
        co_return problem::access_denied(trace.denied);
    }
    const auto limit = std::max<std::size_t>(kAttemptsMost, order.size());
    std::optional<problem::Failure> failure;
    std::optional<HeldBody> held;
    bool renewed = false;  ///< the one try with another token is on
    for (std::size_t attempt = 0; attempt < limit;) {
        backend::Endpoint& endpoint = *order[attempt % order.size()];
        trace.endpoint = endpoint.text;
        auto way = endpoint.dialer->choose();
        if (!way) {
            pass_over_denied(order, attempt + 1, passage, trace);
            // Other endpoints are asked before anybody waits for this one.
            const bool last = attempt + 1 >= order.size();
            way = last ? co_await find_way(endpoint, exchange.started + plan.timeouts.connect) : std::move(way);
        }
        if (way && !held && wants_whole_body(exchange, backend)) {
            if (failure = co_await hold_body(exchange, backend, plan, held); failure) {
                break;
            }
            way = endpoint.dialer->choose();  // the client took its time: the way may be another by now
        }
        if (!way) {
            failure = std::move(way.error());
            backend.unreachable(endpoint, loop.now());
            if (++attempt >= order.size()) {
                break;
            }
            continue;
        }
        ++trace.attempts;
        trace.tunnel = way->tunnel;
        trace.agent = way->agent;
        Attempt one(exchange, backend, endpoint, std::move(*way), passage, trace, plan, held ? &*held : nullptr);
        if (renewed) {
            one.pass_401();
        }
        failure = co_await one.run();
        if (one.renewed()) {
            renewed = true;
            continue;  // with the same endpoint
        }
        if (!failure || one.without_credential()) {
            break;
        }
        if (failure->not_sent) {
            backend.unreachable(endpoint, loop.now());
        }
        // A refused target stays refused: only another endpoint, or a lost way, is worth another try.
        if (!one.repeatable(*failure)) {
            break;
        }
        pass_over_denied(order, attempt + 1, passage, trace);
        if (order.size() > 1 ? attempt + 1 >= limit : failure->final_here) {
            break;
        }
        ++attempt;
    }
    co_return failure;
}

}  // namespace adit::route
