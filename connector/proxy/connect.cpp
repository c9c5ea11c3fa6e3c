// Choosing a way and dialling along it; see connect.h.
#include "connector/proxy/connect.h"

#include "connector/backend/established.h"

namespace adit::proxy {

net::Task<std::expected<Line, problem::Failure>> dial(backend::Backend& backend, net::Loop& loop, route::Trace& trace,
                                                      net::Time deadline) {
    backend::Endpoint& endpoint = *backend.select().next(loop.now());
    trace.endpoint = endpoint.text;
    auto way = endpoint.dialer->choose();
    if (!way && co_await endpoint.dialer->await_way(deadline)) {
        way = endpoint.dialer->choose();
    }
    if (!way) {
        co_return std::unexpected(std::move(way.error()));
    }
    ++trace.attempts;
    trace.tunnel = way->tunnel;
    trace.agent = way->agent;
    trace.connect_started = loop.now();
    auto dialled = co_await endpoint.dialer->dial(*way, backend::Versions::http1, deadline);
    if (!dialled) {
        co_return std::unexpected(std::move(dialled.error()));
    }
    if (auto failure = co_await backend::established(*dialled->stream, way->tunnel, deadline)) {
        co_return std::unexpected(std::move(*failure));
    }
    trace.connected = loop.now();
    co_return Line{std::move(dialled->stream), std::move(*way)};
}

}  // namespace adit::proxy
