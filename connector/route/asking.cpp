// Time; see asking.h.
#include "connector/route/asking.h"

#include <algorithm>
#include <array>

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

struct Sentence {
    problem::Code code;
    std::string_view words;
};

constexpr const char* kPanic = "; so few endpoints are healthy that ill ones are asked as well (panic)";

/// What clients are told of failures whose details say where an origin is, or what an agent knows of it.
constexpr std::array kSentences{
    Sentence{"dns-error", "the name of the origin leads nowhere"},
    Sentence{"dns-timeout", "no answer from DNS about the origin in time"},
    Sentence{"connection-refused", "the origin refused the connection"},
    Sentence{"connect-timeout", "no connection to the origin in time"},
    Sentence{"connection-failed", "the origin could not be reached"},
    Sentence{"connection-terminated", "the connection to the origin ended before its answer"},
    Sentence{"destination-unroutable", "there is no way to the origin's network"},
    Sentence{"destination-prohibited", "the origin is not one that the agent may connect to"},
    Sentence{"refused-by-agent", "the agent did not connect to the origin"},
    Sentence{"tls-failed", "no TLS connection with the origin could be made"},
    Sentence{"tls-timeout", "no answer from the origin in the TLS handshake in time"},
};

/// Puts `alias` wherever `name` stands.
void hide(std::string& text, std::string_view name, std::string_view alias) {
    for (std::size_t at = name.empty() ? text.npos : text.find(name); at != text.npos;
         at = text.find(name, at + alias.size())) {
        text.replace(at, name.size(), alias);
    }
}

/// An endpoint's URL, and the host and port in it, become its number.
void hide_endpoint(std::string& text, std::string_view url, std::string_view alias) {
    hide(text, url, alias);
    url.remove_prefix(std::min(url.find("://") + 3, url.size()));
    const std::string_view authority = url.substr(0, url.find('/'));
    if (authority.find(':') != authority.npos) {  // a bare name may be a part of other words
        hide(text, authority, alias);
    }
}

/// Callers need not know where origins are. What is kept from them stands in the log.
void withhold_addresses(problem::Failure& failure, Trace& trace) {
    trace.withheld = failure.detail;
    const auto sentence = std::ranges::find(kSentences, failure.code, &Sentence::code);
    if (sentence != kSentences.end()) {
        failure.detail = sentence->words;
    }
    for (const TryTold& told : trace.tries) {
        hide_endpoint(failure.detail, told.endpoint, "endpoint-" + std::to_string(told.ordinal));
    }
    hide_endpoint(failure.detail, trace.endpoint, "the endpoint");
}

}  // namespace

void explain(problem::Failure& failure, const Asking& asking) {
    const bool open = asking.backend.presentation.disclose_attempts;
    if (!open) {
        withhold_addresses(failure, asking.trace);
    }
    for (const TryTold& told : asking.trace.tries) {
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(told.took);
        const std::string alias = "endpoint-" + std::to_string(told.ordinal);
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
        failure.detail += kPanic;
        asking.trace.withheld += asking.trace.withheld.empty() ? "" : kPanic;
    }
    const bool passes = failure.status == 429 || failure.status >= 502;
    failure.retryable = passes && (failure.not_sent || failure.refused_here || asking.idempotent());
}

}  // namespace adit::route
