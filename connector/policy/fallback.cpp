// Ends of requests and what they are to `on`; see fallback.h.
#include "connector/policy/fallback.h"

#include <charconv>

#include "connector/resilience/outcome.h"

namespace adit::policy {

bool stands_in_for(const config::Fallback& rule, const http::ResponseHead& answer) {
    resilience::Outcome outcome{.end = resilience::Outcome::End::answered, .status = answer.status};
    if (const http::Field* field = answer.find("grpc-status")) {  // of an answer that has only trailers
        std::from_chars(field->value.data(), field->value.data() + field->value.size(), outcome.grpc);
    }
    return resilience::meets(rule.on, outcome);
}

bool stands_in_for(const config::Fallback& rule, const problem::Failure& failure) {
    using problem::ProxyError;
    if (failure.status < 500 || failure.error == ProxyError::proxy_loop_detected) {
        return false;
    }
    if (failure.refused_here) {
        return true;
    }
    switch (failure.error) {
        case ProxyError::dns_timeout:
        case ProxyError::dns_error:
        case ProxyError::destination_not_found:
        case ProxyError::destination_unavailable:
        case ProxyError::destination_ip_prohibited:
        case ProxyError::destination_ip_unroutable:
        case ProxyError::connection_refused:
        case ProxyError::connection_limit_reached:
        case ProxyError::tls_protocol_error:
            return rule.on.connect_failure;
        case ProxyError::connection_timeout:
            return rule.on.connect_failure || rule.on.timeout;
        case ProxyError::connection_read_timeout:
        case ProxyError::http_response_timeout:
            return rule.on.timeout;
        case ProxyError::connection_terminated:
        case ProxyError::http_response_incomplete:
            return rule.on.reset;
        case ProxyError::http_protocol_error:
        case ProxyError::http_response_header_section_size:
            return rule.on.malformed;
        default:
            return true;  // what we need for the origin we do not have: a credential
    }
}

}  // namespace adit::policy
