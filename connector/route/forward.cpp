// Attempts over endpoints until one answers or none may be tried again; see forward.h.
#include "connector/route/forward.h"

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

HeldBody::Bounds bounds_of(const http::Exchange& exchange, const backend::Backend& backend) {
    HeldBody::Bounds bounds{.most = backend.holding.most, .silence = backend.timeouts.first_byte};
    if (backend.timeouts.total.count() > 0) {
        bounds.ends = exchange.started + backend.timeouts.total;
    }
    return bounds;
}

}  // namespace

net::Task<std::optional<problem::Failure>> forward(http::Exchange& exchange, backend::Backend& backend, Trace& trace) {
    if (http::seen_before(exchange.request, exchange.settings.pseudonym)) {
        co_return problem::loop_detected(exchange.settings.pseudonym);
    }
    const net::Loop& loop = exchange.client().loop();
    const std::size_t first = backend.next_first();
    const auto limit = std::max<std::size_t>(kAttemptsMost, backend.endpoints());
    std::optional<problem::Failure> failure;
    std::optional<HeldBody> held;
    bool renewed = false;  ///< the one try with another token is on
    for (std::size_t attempt = 0; attempt < limit;) {
        backend::Endpoint& endpoint = backend.pick(loop.now(), first, attempt);
        trace.endpoint = endpoint.text;
        auto way = endpoint.dialer->choose();
        if (!way) {
            // Other endpoints are asked before anybody waits for this one.
            const bool last = attempt + 1 >= backend.endpoints();
            way = last ? co_await find_way(endpoint, exchange.started + backend.timeouts.connect) : std::move(way);
        }
        if (way && !held && wants_whole_body(exchange, backend)) {
            held.emplace(backend.holding.budget);
            if (failure = co_await held->read(exchange, bounds_of(exchange, backend)); failure) {
                break;
            }
            way = endpoint.dialer->choose();  // the client took its time: the way may be another by now
        }
        if (!way) {
            failure = std::move(way.error());
            backend.unreachable(endpoint, loop.now());
            if (++attempt >= backend.endpoints()) {
                break;
            }
            continue;
        }
        ++trace.attempts;
        trace.tunnel = way->tunnel;
        trace.agent = way->agent;
        Attempt one(exchange, backend, endpoint, std::move(*way), trace, held ? &*held : nullptr);
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
        const bool elsewhere = backend.endpoints() > 1 ? attempt + 1 < limit : !failure->final_here;
        if (!one.repeatable(*failure) || !elsewhere) {
            break;
        }
        ++attempt;
    }
    co_return failure;
}

}  // namespace adit::route
