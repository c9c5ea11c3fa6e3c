// The onion around a request, outermost first; see pipeline.h.
#include "connector/policy/pipeline.h"

#include "common/base/encoding.h"
#include "connector/http/authority.h"
#include "connector/route/path.h"

namespace adit::policy {

net::Task<> Pipeline::handle(http::Exchange& exchange) {
    Story story;
    story.serving = serving_;
    // 1. the distributed trace that it belongs to
    join_trace(exchange, story);
    // 2. what was refused while it was read is only answered; everything else goes inwards
    story.failure = exchange.refused ? std::move(exchange.refused) : co_await serve(exchange, story);
    // 3. the one place that turns a failure into an answer
    if (story.failure) {
        co_await exchange.answer(*story.failure);
    }
    // 4. metrics, access line and span, when the last byte has gone
    conclude(exchange, story);
}

void Pipeline::join_trace(http::Exchange& exchange, Story& story) {
    story.tracked = tracer_.begin(exchange.request);
    if (story.tracked && story.tracked->ours) {
        story.trace.traceparent = telemetry::format_traceparent(story.tracked->self);
    }
}

net::Task<std::optional<problem::Failure>> Pipeline::serve(http::Exchange& exchange, Story& story) {
    if (exchange.settings.https_redirect_port != 0) {
        co_return co_await send_to_https(exchange);
    }
    if (const auto* well_known = story.serving->routes->well_known.get(); well_known != nullptr) {
        story.site = well_known->find(exchange.request.authority, exchange.request.path);
        if (story.site != nullptr) {
            co_await WellKnown::answer(exchange, *story.site);
            co_return std::nullopt;
        }
    }
    if (auto failure = find_route(exchange, story)) {
        co_return failure;
    }
    story.destination = &story.route->destination;
    if (!story.route->plain || story.serving->routes->policies[story.route->index]) {
        story.destination = co_await follow(exchange, story);
        if (story.destination == nullptr) {
            co_return std::exchange(story.failure, std::nullopt);
        }
    }
    backend::Backend& backend = *story.serving->backends[story.destination->backend_index];
    story.trace.route = story.route->name;
    co_return co_await route::forward(exchange, backend, story.trace);
}

/// From route to route, until one leads to a backend with endpoints of its own, or answers or refuses (null then).
net::Task<const route::Destination*> Pipeline::follow(http::Exchange& exchange, Story& story) {
    const Routes& routes = *story.serving->routes;
    const route::Route* route = story.route;
    for (;;) {
        const route::Destination& destination = choose(exchange, story, *route);
        if (routes.policies[route->index] && !co_await pass_policies(exchange, story, *route, destination)) {
            co_return nullptr;
        }
        if (route->redirect || route->fixed) {
            co_await answer_itself(exchange, *route);
            co_return nullptr;
        }
        if (route->rewrite) {
            rewrite(exchange, story, *route->rewrite);
        }
        if (route->mirror) {
            mirror(exchange, story, *route);
        }
        if (destination.inner == route::no_route) {
            co_return &destination;
        }
        route = &routes.router.routes()[destination.inner];
        story.inner.push_back(route);
    }
}

/// Which share of a split the request gets.
const route::Destination& Pipeline::choose(const http::Exchange& exchange, Story& story, const route::Route& route) {
    if (!route.split) {
        return route.destination;
    }
    const std::size_t share = route.split->choose(exchange.request, exchange.client_ip, random_);
    story.shares.push_back(story.serving->routes->shares[route.index][share].get());
    return route.split->shares()[share].to;
}

/// Whether a mirror gets the request too, as it is by now.
void Pipeline::mirror(http::Exchange& exchange, Story& story, const route::Route& route) {
    if (random_.below(100) < route.mirror->percent) {
        story.mirrors.push_back(std::make_unique<route::Mirror>(
            exchange, *route.mirror, route.name, story.trace.traceparent,
            story.serving->backends[route.mirror->backend_index], story.serving->routes->mirrors[route.index]));
    }
}

/// False when a policy has answered, or has refused (story.failure then).
net::Task<bool> Pipeline::pass_policies(http::Exchange& exchange, Story& story, const route::Route& route,
                                        const route::Destination& destination) {
    const RequestValues values{.request = exchange.request,
                               .client_ip = exchange.client_ip,
                               .host = http::host_of(exchange.request.authority),
                               .path = exchange.request.path,
                               .request_id = exchange.request_id,
                               .route = route.name,
                               .backend = destination.backend,
                               .scheme = exchange.client_tls ? "https" : "http"};
    story.policies = std::make_unique<PolicyRun>(*story.serving->routes->policies[route.index], exchange, values,
                                                 std::move(story.policies));
    if (const auto preflight = story.policies->preflight()) {
        co_await exchange.answer(*preflight);
        co_return false;
    }
    story.failure = story.policies->bound_body();
    if (!story.failure) {
        story.policies->edit_request();
    }
    co_return !story.failure;
}

void Pipeline::rewrite(http::Exchange& exchange, Story& story, const route::Route::Target& target) {
    http::RequestHead& request = exchange.request;
    story.rewritten = target.text.expand(http::host_of(request.authority), request.path);
    request.path = story.rewritten;
    request.query = target.keep_query ? request.query : std::string_view();
}

/// What a clear-text listener does that is only there to tell clients of https.
net::Task<std::optional<problem::Failure>> Pipeline::send_to_https(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request;
    const std::string_view host = http::host_of(request.authority);
    if (host.empty() || request.path == "*") {
        co_return problem::bad_request(400, "no-host", "the request names no host to go to by https");
    }
    std::string location = "https://";
    location += host;
    if (exchange.settings.https_redirect_port != 443) {
        location += ":" + std::to_string(exchange.settings.https_redirect_port);
    }
    location.append(request.path).append(request.query);
    co_await exchange.answer(http::Exchange::Whole{308, {}, {}, {{"location", location}}});
    co_return std::nullopt;
}

/// Routes without a backend.
net::Task<> Pipeline::answer_itself(http::Exchange& exchange, const route::Route& route) {
    if (route.fixed) {
        co_await exchange.answer(http::Exchange::Whole{
            static_cast<int>(route.fixed->status), route.fixed->content_type, route.fixed->body, {}});
        co_return;
    }
    std::string location =
        route.redirect->text.expand(http::host_of(exchange.request.authority), exchange.request.path);
    if (route.redirect->keep_query) {
        location += exchange.request.query;
    }
    co_await exchange.answer(
        http::Exchange::Whole{static_cast<int>(route.redirect_status), {}, {}, {{"location", location}}});
}

/// A preflight asks about another request, so the route of that one answers it, where it answers preflights at all.
const route::Route* Pipeline::match(http::RequestHead& request, const Routes& routes) {
    if (routes.cors && is_preflight(request)) {
        const std::string_view method = std::exchange(request.method, preflight_method(request));
        const route::Route* meant = routes.router.match(request.authority, request.path, request);
        request.method = method;
        const RoutePolicies* policies = meant == nullptr ? nullptr : routes.policies[meant->index].get();
        if (policies != nullptr && policies->cors) {
            return meant;
        }
    }
    return routes.router.match(request.authority, request.path, request);
}

std::optional<problem::Failure> Pipeline::find_route(http::Exchange& exchange, Story& story) {
    http::RequestHead& request = exchange.request;
    if (request.path != "*") {
        const auto path = route::normalise_path(request.path, story.path_scratch);
        if (!path) {
            return problem::bad_request(400, "bad-path",
                                        "the path was refused: " + std::string(route::describe(path.error())));
        }
        request.path = *path;  // what was matched is what is forwarded
    }
    story.path = request.path;
    story.route = match(request, *story.serving->routes);
    if (story.route == nullptr) {
        return problem::no_route(http::host_of(request.authority), request.path);
    }
    return std::nullopt;
}

/// Every route that a request went through counts it, and every share of a split.
void Pipeline::count(const http::Exchange& exchange, const Story& story, net::Time now) {
    const Routes& routes = *story.serving->routes;
    const auto add = [&](RouteMetrics& metrics) {
        metrics.finished(exchange.status, now - exchange.started, exchange.body.bytes(), exchange.out.bytes());
        if (story.failure) {
            metrics.failed(story.failure->code);
        } else if (!story.trace.broken.empty()) {
            metrics.failed("cut-off");
        }
    };
    if (story.site != nullptr) {
        return add(*story.site->metrics);
    }
    add(story.route == nullptr ? *routes.unrouted : *routes.metrics[story.route->index]);
    for (const route::Route* inner : story.inner) {
        add(*routes.metrics[inner->index]);
    }
    for (ShareMetrics* share : story.shares) {
        share->finished(exchange.status);
    }
}

void Pipeline::conclude(const http::Exchange& exchange, const Story& story) {
    const net::Time now = net::Clock::now();
    const route::Trace& trace = story.trace;
    count(exchange, story, now);
    const bool traced = story.tracked && story.tracked->ours && story.tracked->self.sampled;
    if (!log_.on() && !traced) {
        return;
    }
    const http::RequestHead& request = exchange.request;
    AccessRecord record;
    record.request_id = exchange.request_id;
    const std::string trace_id = story.tracked ? hex_encode(story.tracked->self.trace) : std::string();
    record.trace_id = trace_id;
    record.client = exchange.client_ip;
    record.method = request.method;
    record.host = request.authority;
    record.path = story.path.empty() ? request.path : story.path;
    record.protocol = http::name(request.version);
    record.endpoint = trace.endpoint;
    record.tunnel = trace.tunnel;
    record.agent = trace.agent;
    record.status = exchange.status;
    record.bytes_in = exchange.body.bytes();
    record.bytes_out = exchange.out.bytes();
    record.attempts = trace.attempts;
    record.reused = trace.reused;
    record.duration = now - exchange.started;
    const auto between = [](net::Time from, net::Time to) {
        return from == net::Time{} || to == net::Time{} ? std::chrono::nanoseconds{} : to - from;
    };
    record.queue = between(exchange.started, trace.connect_started);
    record.connect = between(trace.connect_started, trace.connected);
    record.first_byte = between(trace.connected, trace.first_byte);
    record.body = between(trace.first_byte, now);
    if (story.route != nullptr) {
        record.route = story.route->name;
    } else if (story.site != nullptr) {
        record.route = story.site->name;
    }
    std::string inner;
    for (const route::Route* route : story.inner) {
        inner.append(inner.empty() ? "" : " > ").append(route->name);
    }
    record.inner_route = inner;
    if (story.destination != nullptr) {
        record.backend = story.destination->backend;
    }
    if (story.failure) {
        record.error = problem::name(story.failure->error);
        record.reason = story.failure->detail;
    } else {
        record.reason = trace.broken;
    }
    log_.write(record);
    if (traced) {
        tracer_.finish(*story.tracked, record, exchange.settings.tls, exchange.started, now, trace);
    }
}

}  // namespace adit::policy
