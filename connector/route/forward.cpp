// Attempts over endpoints until one answers or none may be tried again; see forward.h.
#include "connector/route/forward.h"

#include <algorithm>

#include "connector/http/forward.h"
#include "connector/http/parse.h"
#include "connector/route/affinity.h"
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

/// The next endpoint that the caller may use; null when there is none any more.
backend::Endpoint* next_allowed(backend::Selection& selection, net::Time now, const Passage& passage, Trace& trace) {
    backend::Endpoint* endpoint = selection.next(now);
    while (endpoint != nullptr && passage.access != nullptr) {
        const access::Verdict verdict = passage.decide(endpoint->dialer->hop());
        if (verdict.allowed) {
            break;
        }
        trace.denied = verdict.reason;
        selection.bar(*endpoint);
        endpoint = selection.next(now);
    }
    return endpoint;
}

/// Why next_allowed() had nobody to begin with. Who may use none of the endpoints learns nothing of their health.
problem::Failure nobody(const backend::Backend& backend, net::Time now, const Passage& passage, Trace& trace) {
    for (std::size_t i = 0; i < backend.endpoints(); ++i) {
        const access::Verdict verdict = passage.decide(backend.endpoint(i).dialer->hop());
        if (verdict.allowed) {
            return backend.nobody(now);
        }
        trace.denied = verdict.reason;
    }
    return problem::access_denied(trace.denied);
}

}  // namespace

net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend,
                                                   const Passage& passage, Trace& trace, const Plan& plan) {
    if (http::seen_before(exchange.request, exchange.settings.pseudonym)) {
        co_return problem::loop_detected(exchange.settings.pseudonym);
    }
    const net::Loop& loop = exchange.client().loop();
    backend::Selection selection = backend.select(affinity(backend.roster().balance(), exchange, passage));
    withhold_credential(exchange.request, backend.presentation.forward_credential);
    backend::Endpoint* current = next_allowed(selection, loop.now(), passage, trace);
    if (current == nullptr) {
        co_return nobody(backend, loop.now(), passage, trace);
    }
    const auto limit = std::max<std::size_t>(kAttemptsMost, backend.endpoints());
    std::optional<problem::Failure> failure;
    std::optional<HeldBody> held;
    bool renewed = false;  ///< the one try with another token is on
    for (std::size_t attempt = 0; attempt < limit;) {
        backend::Endpoint& endpoint = *current;
        trace.endpoint = endpoint.text;
        auto way = endpoint.dialer->choose();
        backend::Endpoint* other = nullptr;
        if (!way) {
            // Other endpoints are asked before anybody waits for this one.
            other = next_allowed(selection, loop.now(), passage, trace);
            way = other == nullptr ? co_await find_way(endpoint, exchange.started + plan.timeouts.connect)
                                   : std::move(way);
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
            current = other != nullptr ? other : next_allowed(selection, loop.now(), passage, trace);
            if (current == nullptr) {
                break;
            }
            ++attempt;
            continue;
        }
        ++trace.attempts;
        trace.tunnel = way->tunnel;
        trace.agent = way->agent;
        const backend::InFlight busy(endpoint.vitals);
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
        current = next_allowed(selection, loop.now(), passage, trace);
        if (current == nullptr) {
            selection.again();
            current = next_allowed(selection, loop.now(), passage, trace);
        }
        if (current == nullptr || (current == &endpoint && failure->final_here)) {
            break;
        }
        ++attempt;
    }
    co_return failure;
}

}  // namespace adit::route
