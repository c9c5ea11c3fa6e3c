// The onion around a request, outermost first; see pipeline.h.
#include "connector/policy/pipeline.h"

#include "common/base/encoding.h"
#include "common/log/log.h"
#include "connector/http/authority.h"
#include "connector/policy/access_record.h"
#include "connector/policy/problem_pages.h"
#include "connector/route/path.h"

namespace adit::policy {

net::Task<> Pipeline::handle(http::Exchange& exchange) {
    Story story;
    story.serving = serving_;
    // 1. the distributed trace that it belongs to
    join_trace(exchange, story);
    // 2. what was refused while it was read is only answered; everything else goes inwards
    story.failure = exchange.refused ? std::move(exchange.refused) : co_await serve(exchange, story);
    // 3. the one place that turns a failure into an answer; what we refused ourselves costs its caller nothing
    if (story.failure) {
        refund(story, exchange.client().loop().now());
        co_await exchange.answer(*story.failure);
    }
    // 4. metrics, access line and span, when the last byte has gone
    if (exchange.out.too_slow() && story.trace.broken.empty()) {
        story.trace.broken = http::kTookTooSlowly;
    }
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
    if (const std::string_view page = problem_page(exchange); !page.empty()) {
        co_await answer_page(exchange, page);
        co_return std::nullopt;
    }
    if (http::hops_left(exchange.request) == 0) {
        co_await exchange.answer(http::Exchange::Whole{});  // asked about us, and not about who is behind us
        co_return std::nullopt;
    }
    if (auto failure = find_route(exchange, story)) {
        co_return failure;
    }
    const RouteTerms& first = story.serving->routes->terms[story.route->index];
    if (auto failure = story.presence.emplace(shedding_).enter(exchange, first.priority, story.effects)) {
        co_return failure;
    }
    if (auto failure = reduced(story, *story.route)) {
        co_return failure;
    }
    story.destination = &story.route->destination;
    story.admission.passage.route = story.route->name;
    const Routes& routes = *story.serving->routes;
    if (!story.route->plain || routes.enforces || routes.policies[story.route->index] || first.limits) {
        story.destination = co_await follow(exchange, story);
        if (story.destination == nullptr) {
            co_return std::exchange(story.failure, std::nullopt);
        }
    }
    co_return co_await call(exchange, story);
}

/// From route to route, until one leads to a backend with endpoints of its own, or answers or refuses (null then).
net::Task<const route::Destination*> Pipeline::follow(http::Exchange& exchange, Story& story) {
    const Routes& routes = *story.serving->routes;
    const route::Route* route = story.route;
    for (;;) {
        const route::Destination& destination = choose(exchange, story, *route);
        const bool asks =
            routes.enforces || routes.policies[route->index] != nullptr || routes.terms[route->index].limits != nullptr;
        if (asks && !co_await pass_policies(exchange, story, *route, destination)) {
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
        story.admission.passage.hold = story.serving->routes;  // a copy outlives the exchange
        story.mirrors.push_back(std::make_unique<route::Mirror>(
            exchange, *route.mirror, route.name, story.admission.passage, story.trace.traceparent,
            story.serving->backends[route.mirror->backend_index], story.serving->routes->mirrors[route.index]));
    }
}

/// False when a policy has answered, or has refused (story.failure then). What a policy does to answers it does to a
/// refusal, too: a page must be able to read it, and a preflight comes without the credential of what it asks about.
net::Task<bool> Pipeline::pass_policies(http::Exchange& exchange, Story& story, const route::Route& route,
                                        const route::Destination& destination) {
    const RoutePolicies* policies = story.serving->routes->policies[route.index].get();
    if (policies != nullptr) {
        story.policies = std::make_unique<PolicyRun>(*policies, exchange, std::move(story.policies));
    }
    const bool preflight = policies != nullptr && story.policies->is_preflight();
    if (!preflight && story.serving->routes->enforces) {
        co_await admit(exchange, story, route);
    }
    if (!preflight && !story.failure && story.serving->routes->terms[route.index].limits) {
        co_await take_tokens(exchange, story, route);
    }
    story.limit_fields.stand_before(exchange);
    if (policies == nullptr) {
        co_return !story.failure;
    }
    story.policies->read({.request = exchange.request,
                          .client_ip = exchange.client_ip,
                          .host = http::host_of(exchange.request.authority),
                          .path = exchange.request.path,
                          .request_id = exchange.request_id,
                          .route = route.name,
                          .backend = destination.backend,
                          .scheme = exchange.client_tls ? "https" : "http",
                          .caller = story.admission.passage.caller.get()});
    if (preflight) {
        co_await exchange.answer(story.policies->preflight());
        co_return false;
    }
    if (!story.failure) {
        story.failure = story.policies->bound_body();
    }
    if (!story.failure) {
        story.policies->edit_request();
    }
    co_return !story.failure;
}

/// Who calls, and whether he may come this way: story.failure when not.
net::Task<> Pipeline::admit(http::Exchange& exchange, Story& story, const route::Route& route) {
    const Routes& routes = *story.serving->routes;
    story.admission.passage.access = &routes.access;
    story.failure = co_await routes.entrances[route.index]->admit(exchange, story.admission);
}

void Pipeline::rewrite(http::Exchange& exchange, Story& story, const route::Route::Target& target) {
    http::RequestHead& request = exchange.request;
    story.rewritten = target.text.expand(http::host_of(request.authority), request.path);
    request.path = story.rewritten;
    if (!target.keep_query) {
        request.query = request.whole_query = {};
    }
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
            metrics.failed(exchange.out.too_slow() ? "slow-reader" : "cut-off");
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

/// One line for each caller whom rules kept off, with their words.
void Pipeline::tell_denial(const http::Exchange& exchange, const Story& story) {
    const bool by_route = !story.admission.denied.empty();
    const std::string& words = by_route ? story.admission.denied : story.trace.denied;
    if (words.empty() || !story.failure) {  // others that he may use have answered instead
        return;
    }
    story.serving->routes->metrics[story.route->index]->denied(by_route ? "route" : "service");
    const access::Caller& caller = *story.admission.passage.caller;
    logging::warn("access denied", {{"consumer", caller.consumer},
                                    {"environment", caller.environment},
                                    {"by", caller.by},
                                    {"route", story.route->name},
                                    {"rule", words},
                                    {"client", exchange.client_ip},
                                    {"request_id", exchange.request_id}});
}

void Pipeline::conclude(const http::Exchange& exchange, const Story& story) {
    const net::Time now = net::Clock::now();
    const route::Trace& trace = story.trace;
    count(exchange, story, now);
    tell_denial(exchange, story);
    const bool traced = story.tracked && story.tracked->ours && story.tracked->self.sampled;
    if (!log_.on() && !traced) {
        return;
    }
    AccessRecord record = access_record(exchange, trace, now);
    const std::string trace_id = story.tracked ? hex_encode(story.tracked->self.trace) : std::string();
    record.trace_id = trace_id;
    record.path = story.path.empty() ? record.path : story.path;
    if (const access::Caller* caller = story.admission.passage.caller.get()) {
        record.consumer = caller->consumer;
        record.environment = caller->environment;
    }
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
    const std::string tries = trace.tries.empty() ? std::string() : route::describe(trace.tries);
    record.tries = tries;
    if (story.destination != nullptr) {
        record.backend = story.destination->backend;
    }
    if (story.failure) {
        record.error = problem::name(story.failure->error);
        record.code = story.failure->code;
        record.reason = trace.withheld.empty() ? story.failure->detail : trace.withheld;
    } else {
        record.reason = trace.broken;
    }
    record.effects = &story.effects;
    log_.write(record);
    if (traced) {
        tracer_.finish(*story.tracked, record, exchange.settings.tls, exchange.started, now, trace);
    }
}

}  // namespace adit::policy
