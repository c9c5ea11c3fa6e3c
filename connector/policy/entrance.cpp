// The door of a route; see entrance.h.
#include "connector/policy/entrance.h"

#include <algorithm>

#include "connector/http/query.h"

namespace adit::policy {
namespace {

constexpr std::chrono::milliseconds kPatience{5'000};  ///< with what an authenticator has to fetch first

/// Gives the fields another meaning. Proxy-Authorization ends here whatever a backend says (RFC 9110 §11.7.2), so it
/// keeps its own.
void mark(http::RequestHead& request, const std::vector<const http::Field*>& fields, http::Known meaning) {
    for (const http::Field* shows : fields) {
        http::Field& field = request.fields[static_cast<std::size_t>(shows - request.fields.data())];
        request.settled.push_back(field.name);
        if (field.known != http::Known::proxy_authorization) {
            field.known = meaning;
            request.has_credential = true;
        }
    }
}

/// What the caller was recognised by goes on where a backend is meant to see it; what proves nothing never does, since
/// an origin may believe that what arrives was looked at.
void withhold(http::RequestHead& request, const Shown& callers, Shown others, Admission& admission) {
    mark(request, others.fields, http::Known::identity);
    mark(request, callers.fields, http::Known::credential);  // a field may be both: two policies for one field
    std::erase_if(others.parameters, [&](std::string_view name) {
        return std::ranges::find(callers.parameters, name) != callers.parameters.end();
    });
    if (request.query.empty() || (callers.parameters.empty() && others.parameters.empty())) {
        return;
    }
    std::string whole = http::without_parameters(request.shown_query(), others.parameters);
    std::string left = http::without_parameters(request.query, others.parameters);
    left = http::without_parameters(left, callers.parameters);
    if (left == request.query) {
        return;
    }
    request.whole_query = admission.queries.emplace_front(std::move(whole));
    request.query = admission.queries.emplace_front(std::move(left));
    request.has_credential = true;
}

/// In place of what another route on the way has written.
void introduce(http::RequestHead& request, const access::Caller& caller) {
    std::erase_if(request.fields, [](const http::Field& field) {
        return field.known == http::Known::own && (field.name == kConsumerField || field.name == kEnvironmentField);
    });
    if (caller.consumer == access::kAnonymous) {
        return;
    }
    request.fields.push_back({kConsumerField, caller.consumer, http::Known::own});
    if (!caller.environment.empty()) {
        request.fields.push_back({kEnvironmentField, caller.environment, http::Known::own});
    }
}

}  // namespace

/// RFC 9110 §15.5.8: to a proxy it is 407, and there is a challenge, whatever policies have none (those for API keys).
problem::Failure Entrance::refusal(problem::Failure failure, http::Exchange& exchange) const {
    if (role_ == http::Role::proxy && failure.status == 401) {
        failure.status = 407;
        if (exchange.challenges.empty()) {
            exchange.challenges.emplace_back("Basic realm=\"adit\"");
        }
    }
    return failure;
}

net::Task<std::optional<problem::Failure>> Entrance::admit(http::Exchange& exchange, Admission& admission) const {
    if (authentication_) {
        net::Loop& loop = exchange.client().loop();
        const Visit visit{.request = exchange.request,
                          .client_ip = exchange.client_ip,
                          .certificate = exchange.certificate,
                          .loop = loop,
                          .now = std::chrono::system_clock::now(),
                          .deadline = loop.now() + kPatience,
                          .proxy = role_ == http::Role::proxy};
        Inquiry inquiry;
        if (visit.repeats_authorization()) {
            exchange.challenges = authentication_->challenges(inquiry);
            co_return refusal(problem::unauthenticated("Authorization stands there more than once"), exchange);
        }
        while (!authentication_->proceed(visit, inquiry)) {
            co_await authentication_->wait(visit, inquiry);
        }
        if (!inquiry.caller) {
            exchange.challenges = authentication_->challenges(inquiry);
            co_return refusal(authentication_->failure(inquiry), exchange);
        }
        take_in(exchange.request, visit, std::move(inquiry), admission);
    } else if (!admission.passage.caller) {
        co_return problem::unauthenticated("route " + std::string(route_) +
                                           " has no policies, so nobody is known to it");
    }
    co_return apply_rules(admission);
}

void Entrance::take_in(http::RequestHead& request, const Visit& visit, Inquiry inquiry, Admission& admission) const {
    route::Passage& passage = admission.passage;
    passage.route_is_anonymous = passage.route_is_anonymous || authentication_->anonymous();
    // Whom a route before has recognised does not become a stranger by a route that lets strangers in.
    if (passage.caller && inquiry.caller->consumer == access::kAnonymous) {
        return;
    }
    using enum Authentication::Of;
    withhold(request, authentication_->shown(visit, inquiry, caller), authentication_->shown(visit, inquiry, others),
             admission);
    passage.caller = std::move(inquiry.caller);
    introduce(request, *passage.caller);
}

std::optional<problem::Failure> Entrance::apply_rules(Admission& admission) const {
    route::Passage& passage = admission.passage;
    if (rules_ != nullptr || passage.route_rules == nullptr) {
        passage.route = route_;
        passage.route_rules = rules_;
    }
    if (rules_ == nullptr && !answers_) {
        return std::nullopt;  // the endpoint that is used decides
    }
    access::Verdict verdict = passage.decide({});
    if (verdict.allowed) {
        return std::nullopt;
    }
    admission.denied = verdict.reason;
    return problem::access_denied(std::move(verdict.reason));
}

}  // namespace adit::policy
