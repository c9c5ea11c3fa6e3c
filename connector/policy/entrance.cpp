// The door of a route; see entrance.h.
#include "connector/policy/entrance.h"

#include "connector/http/query.h"

namespace adit::policy {
namespace {

constexpr std::chrono::milliseconds kPatience{5'000};  ///< with what an authenticator has to fetch first

/// Fields and parameters that credentials stand in. Proxy-Authorization ends here whatever a backend says (RFC 9110
/// §11.7.2), so it keeps its own meaning.
void withhold(http::RequestHead& request, const Shown& shown, Admission& admission) {
    for (const http::Field* shows : shown.fields) {
        http::Field& field = request.fields[static_cast<std::size_t>(shows - request.fields.data())];
        if (field.known != http::Known::proxy_authorization) {
            field.known = http::Known::credential;
            request.has_credential = true;
        }
    }
    if (shown.parameters.empty() || request.query.empty()) {
        return;
    }
    std::string left = http::without_parameters(request.query, shown.parameters);
    if (left == request.query) {
        return;
    }
    request.whole_query = request.shown_query();
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
    withhold(request, authentication_->shown(visit), admission);
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
