// How much a request may have: tokens of rate limits before it goes anywhere, places in bulkheads before its backend.
#include <algorithm>
#include <functional>
#include <span>

#include "connector/policy/pipeline.h"
#include "connector/policy/route_limits.h"

namespace adit::policy {
namespace {

/// Nobody was asked for anything: a refusal of ours, or there was no way to anybody.
bool costs_nothing(const problem::Failure& failure, const route::Trace& trace) {
    return failure.refused_here || (failure.not_sent && trace.attempts == 0);
}

}  // namespace

Asker Pipeline::asker(const http::Exchange& exchange, const Story& story, const route::Route& route) {
    return {exchange.request, exchange.client_ip, route.name, story.admission.passage.caller.get()};
}

/// Of all limits of the route, or story.failure: what was taken of the others is given back then.
net::Task<> Pipeline::take_tokens(http::Exchange& exchange, Story& story, const route::Route& route) {
    const RouteTerms& terms = story.serving->routes->terms[route.index];
    const Asker who = asker(exchange, story, route);
    net::Loop& loop = exchange.client().loop();
    const std::size_t before = story.tickets.size();
    bool asks = false;
    for (const auto& limit : terms.limits->rates) {
        RateLimit::Ticket& ticket = story.tickets.emplace_back();
        const bool told = limit->take(ticket, who, terms.cost, loop.now());
        asks = asks || !told;
        if (told && ticket.tier != nullptr && !ticket.allowed() && !limit->dry_run()) {
            break;  // what the others would say does not matter any more
        }
    }
    const auto tickets = std::span(story.tickets).subspan(before);
    if (asks) {
        co_await RateLimit::wait(tickets, loop);
    }
    for (const RateLimit::Ticket& ticket : tickets) {
        const RateLimit* const limit = ticket.of;
        if (ticket.tier == nullptr) {
            continue;
        }
        Effects::Limit& told = story.effects.limit;
        story.failure = limit->judge(ticket, who, loop.now());
        if (told.policy.empty() || ticket.verdict.left < told.left || story.failure) {
            told.policy = limit->name();
            told.result = limit->word(ticket);
            told.left = ticket.verdict.left;
        }
        story.limit_fields.note(ticket);
        if (story.failure) {
            co_return;
        }
    }
}

void Pipeline::refund(Story& story, net::Time now) {
    if (story.tickets.empty() || !costs_nothing(*story.failure, story.trace)) {
        return;
    }
    for (const RateLimit::Ticket& ticket : story.tickets) {
        story.effects.limit.refunded = ticket.of->give_back(ticket, now) || story.effects.limit.refunded;
    }
}

bool Pipeline::is_bounded(const Story& story, const backend::Backend& backend) {
    const auto bounds = [&](const route::Route& route) {
        const RouteTerms& terms = story.serving->routes->terms[route.index];
        return terms.bulkhead || (terms.limits && !terms.limits->callers.empty());
    };
    return backend.guards->bulkhead || bounds(*story.route) ||
           std::ranges::any_of(story.inner, [&](const route::Route* route) { return bounds(*route); });
}

/// Of the callers of all routes on the way, each once, in an order that is the same for all requests whatever their
/// routes say: by the policy's name. Nothing: a policy has no room for another caller (`full`).
std::optional<Pipeline::CallerPlaces> Pipeline::caller_places(const http::Exchange& exchange, const Story& story,
                                                              const backend::Bulkhead*& full) {
    CallerPlaces all;
    for (std::size_t i = 0; i <= story.inner.size(); ++i) {
        const route::Route& route = i == 0 ? *story.route : *story.inner[i - 1];
        const RouteTerms& terms = story.serving->routes->terms[route.index];
        for (std::size_t k = 0; terms.limits && k < terms.limits->callers.size(); ++k) {
            const CallerBulkhead& one = *terms.limits->callers[k];
            auto own = one.places_of(asker(exchange, story, route));
            if (!own) {
                full = &one.all;
                return std::nullopt;
            }
            all.emplace_back(&one.all, std::move(own));
        }
    }
    std::ranges::sort(all, [](const auto& one, const auto& other) {
        const int names = one.first->name.compare(other.first->name);
        return names != 0 ? names < 0 : std::less<>()(one.second.get(), other.second.get());
    });
    return all;
}

/// Of callers first, then from the outermost route to the backend: nobody waits in a circle, nor for himself.
net::Task<std::optional<problem::Failure>> Pipeline::take_places(http::Exchange& exchange, Story& story,
                                                                 const backend::Backend& backend,
                                                                 const route::Plan& plan, Places& places) {
    const auto total = plan.timeouts.total;
    const Places::Patience patience{.until = total.count() > 0 ? exchange.started + total : net::Time::max(),
                                    .effects = story.effects};
    const backend::Bulkhead* full = nullptr;
    const auto callers = caller_places(exchange, story, full);
    if (!callers) {
        co_return no_room_for_caller(*full, story.effects);
    }
    for (const auto& [of, own] : *callers) {
        if (!places.holds(*own) && !places.take(*of, own)) {
            if (auto failure = co_await places.wait(*of, own, exchange, patience)) {
                co_return failure;
            }
        }
    }
    for (std::size_t i = 0; i <= story.inner.size() + 1; ++i) {
        const backend::Bulkhead* one = backend.guards->bulkhead.get();
        if (i <= story.inner.size()) {
            const route::Route& route = i == 0 ? *story.route : *story.inner[i - 1];
            one = story.serving->routes->terms[route.index].bulkhead.get();
        }
        if (one != nullptr && !places.take(*one, one->places)) {
            if (auto failure = co_await places.wait(*one, one->places, exchange, patience)) {
                co_return failure;
            }
        }
    }
    co_return std::nullopt;
}

/// What limits that find themselves, and those that tighten, are told of a call: how long its answer's head took, and
/// whether the origin asked for patience. What was never asked, or failed at once, says nothing of that.
void Pipeline::learn(const http::Exchange& exchange, const Story& story, Places& places, net::Time began,
                     const std::optional<problem::Failure>& failure) {
    if (failure && failure->status != 504) {
        return;
    }
    const net::Time now = exchange.client().loop().now();
    const auto took = failure || story.trace.first_byte < began ? now - began : story.trace.origin_took;
    const bool throttled = !failure && (exchange.status == 429 || exchange.status == 503);
    places.sample(took, throttled, now);
    for (const RateLimit::Ticket& ticket : story.tickets) {
        ticket.of->observe(took);
    }
}

}  // namespace adit::policy
