// Time; see asking.h.
#include "connector/route/asking.h"

#include <algorithm>

#include "common/base/time.h"

namespace adit::route {

std::chrono::milliseconds Asking::left() const {
    if (ends.at == net::Time::max()) {
        return std::chrono::milliseconds::max();
    }
    return std::max(std::chrono::floor<std::chrono::milliseconds>(ends.at - loop().now()),
                    std::chrono::milliseconds(0));
}

problem::Failure Asking::out_of_time() const {
    switch (ends.by) {
        case Ends::By::grpc_timeout:
            return problem::total_timeout("the caller's own grpc-timeout");
        case Ends::By::earlier_hop:
            return problem::total_timeout("the time that an earlier hop has left for it");
        case Ends::By::total:
        case Ends::By::nobody:
            break;
    }
    return problem::total_timeout(format_duration(plan.timeouts.total));
}

bool Asking::idempotent() const {
    return http::idempotent(exchange.request.method) || exchange.request.find("idempotency-key") != nullptr;
}

namespace {

/// Puts `alias` wherever `name` stands.
void hide(std::string& text, std::string_view name, std::string_view alias) {
    for (std::size_t at = name.empty() ? text.npos : text.find(name); at != text.npos;
         at = text.find(name, at + alias.size())) {
        text.replace(at, name.size(), alias);
    }
}

/// Callers need not know where origins are: an endpoint's URL, and the host and port in it, become its number.
void hide_endpoint(std::string& text, std::string_view url, std::string_view alias) {
    hide(text, url, alias);
    url.remove_prefix(std::min(url.find("://") + 3, url.size()));
    const std::string_view authority = url.substr(0, url.find('/'));
    if (authority.find(':') != authority.npos) {  // a bare name may be a part of other words
        hide(text, authority, alias);
    }
}

}  // namespace

void explain(problem::Failure& failure, const Asking& asking) {
    const bool open = asking.backend.presentation.disclose_attempts;
    for (const TryTold& told : asking.trace.tries) {
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(told.took);
        const std::string alias = "endpoint-" + std::to_string(told.ordinal);
        if (!open) {
            hide_endpoint(failure.detail, told.endpoint, alias);
        }
        failure.attempts.push_back({.endpoint = open ? std::string(told.endpoint) : alias,
                                    .agent = open ? told.agent : std::string(),
                                    .phase = name(told.phase),
                                    .ms = took.count(),
                                    .outcome = outcome_of(told),
                                    .why = resilience::name(told.why)});
    }
    if (const config::Retry* retry = asking.plan.retry; retry != nullptr && retry->tell_client) {
        failure.attempts_told = asking.trace.attempts;
    }
    if (asking.trace.panic) {
        failure.detail += "; so few endpoints are healthy that ill ones are asked as well (panic)";
    }
    const bool passes = failure.status == 429 || failure.status >= 502;
    failure.retryable = passes && (failure.not_sent || failure.refused_here || asking.idempotent());
}

}  // namespace adit::route
