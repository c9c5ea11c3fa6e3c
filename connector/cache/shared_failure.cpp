// Listed is what is known to strike all; see shared_failure.h.
#include "connector/cache/shared_failure.h"

#include <string_view>

namespace adit::cache {

bool strikes_all(const problem::Failure& failure, const Circumstances& circumstances) {
    using enum problem::ProxyError;
    const std::string_view code = failure.code;
    if (failure.status < 500 || circumstances.answered) {
        return false;
    }
    switch (failure.error) {
        case connection_limit_reached:
            return circumstances.backend_full;
        case http_response_timeout:
            return code != "total-timeout" || circumstances.total_spent;
        case destination_unavailable:
            return code != "upstream-credential-unavailable";
        case dns_timeout:
        case dns_error:
        case destination_ip_unroutable:
        case connection_refused:
        case connection_terminated:
        case connection_timeout:
        case connection_read_timeout:
        case tls_protocol_error:
        case http_response_incomplete:
        case http_response_header_section_size:
        case http_protocol_error:
            return true;
        default:
            return false;
    }
}

}  // namespace adit::cache
