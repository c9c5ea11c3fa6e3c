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

void explain(problem::Failure& failure, const Asking& asking) {
    const bool open = asking.backend.presentation.disclose_attempts;
    for (const TryTold& told : asking.trace.tries) {
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(told.took);
        failure.attempts.push_back(
            {.endpoint = open ? std::string(told.endpoint) : "endpoint-" + std::to_string(told.ordinal),
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
