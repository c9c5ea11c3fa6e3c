// A name for every reason; see failure.h.
#include "common/problem/failure.h"

#include <algorithm>
#include <array>

#include "common/base/strings.h"

namespace adit::problem {
namespace {

struct Named {
    ProxyError error;
    std::string_view name;
};

constexpr std::array kNames{
    Named{ProxyError::none, "none"},
    Named{ProxyError::dns_timeout, "dns_timeout"},
    Named{ProxyError::dns_error, "dns_error"},
    Named{ProxyError::destination_not_found, "destination_not_found"},
    Named{ProxyError::destination_unavailable, "destination_unavailable"},
    Named{ProxyError::destination_ip_prohibited, "destination_ip_prohibited"},
    Named{ProxyError::destination_ip_unroutable, "destination_ip_unroutable"},
    Named{ProxyError::connection_refused, "connection_refused"},
    Named{ProxyError::connection_terminated, "connection_terminated"},
    Named{ProxyError::connection_timeout, "connection_timeout"},
    Named{ProxyError::connection_read_timeout, "connection_read_timeout"},
    Named{ProxyError::connection_limit_reached, "connection_limit_reached"},
    Named{ProxyError::tls_protocol_error, "tls_protocol_error"},
    Named{ProxyError::http_request_error, "http_request_error"},
    Named{ProxyError::http_request_denied, "http_request_denied"},
    Named{ProxyError::http_response_incomplete, "http_response_incomplete"},
    Named{ProxyError::http_response_header_section_size, "http_response_header_section_size"},
    Named{ProxyError::http_response_timeout, "http_response_timeout"},
    Named{ProxyError::http_protocol_error, "http_protocol_error"},
    Named{ProxyError::proxy_internal_response, "proxy_internal_response"},
    Named{ProxyError::proxy_internal_error, "proxy_internal_error"},
    Named{ProxyError::proxy_loop_detected, "proxy_loop_detected"},
};

constexpr std::size_t kDetailMost = 300;  ///< bytes of an agent's words that are passed on

/// The value of a parameter in a Proxy-Status member: a token, or a string with \-escapes (RFC 8941 §3.3).
std::string parameter(std::string_view text, std::string_view key) {
    const std::string needle = "; " + std::string(key) + "=";
    const std::size_t at = text.find(needle);
    if (at == std::string_view::npos) {
        return {};
    }
    text.remove_prefix(at + needle.size());
    std::string value;
    if (!text.starts_with('"')) {
        return std::string(text.substr(0, text.find_first_of("; ,")));
    }
    for (std::size_t i = 1; i < text.size() && text[i] != '"' && value.size() < kDetailMost; ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) {
            ++i;
        }
        value += text[i] >= 0x20 && text[i] < 0x7f ? text[i] : ' ';
    }
    return value;
}

/// The origin was not reached, and would not be on a second try of the same kind.
Failure unreached(ProxyError error, int status, Code code, std::string detail) {
    return {.error = error,
            .status = status,
            .code = code,
            .detail = std::move(detail),
            .not_sent = true,
            .final_here = true};
}

Failure broken(ProxyError error, int status, Code code, std::string detail) {
    return {.error = error, .status = status, .code = code, .detail = std::move(detail)};
}

std::string after_time(std::string_view what, std::string_view time) {
    return std::string(what) + " within " + std::string(time);
}

}  // namespace

std::string_view name(ProxyError error) {
    return std::ranges::find(kNames, error, &Named::error)->name;
}

Failure no_route(std::string_view host, std::string_view path) {
    return unreached(ProxyError::destination_not_found, 404, "no-route",
                     "no route matches " + std::string(host) + std::string(path));
}

Failure service_unknown(std::string_view service) {
    return unreached(ProxyError::destination_not_found, 503, "service-unknown",
                     "no tunnel exposes a service named '" + std::string(service) + "'");
}

Failure tunnel_without_session(std::string_view tunnel) {
    Failure failure = unreached(ProxyError::destination_unavailable, 503, "tunnel-without-session",
                                "no agent of tunnel '" + std::string(tunnel) + "' is connected");
    failure.retry_after = 5;
    return failure;
}

Failure session_lost(std::string_view tunnel) {
    Failure failure =
        unreached(ProxyError::connection_terminated, 502, "session-lost",
                  "the session of tunnel '" + std::string(tunnel) + "' ended before the request was sent");
    failure.final_here = false;  // another session may be there
    return failure;
}

Failure draining() {
    Failure failure =
        unreached(ProxyError::destination_unavailable, 503, "draining", "this connector is shutting down");
    failure.retry_after = 1;
    return failure;
}

Failure dns_error(std::string detail) {
    return unreached(ProxyError::dns_error, 502, "dns-error", std::move(detail));
}

Failure dns_timeout(std::string_view host) {
    return unreached(ProxyError::dns_timeout, 504, "dns-timeout", std::string(host) + ": no answer from DNS in time");
}

Failure connection_refused(std::string detail) {
    return unreached(ProxyError::connection_refused, 502, "connection-refused", std::move(detail));
}

Failure connection_timeout(std::string detail) {
    return unreached(ProxyError::connection_timeout, 504, "connect-timeout", std::move(detail));
}

Failure connection_failed(std::string detail) {
    return unreached(ProxyError::destination_unavailable, 502, "connection-failed", std::move(detail));
}

Failure destination_unroutable(std::string detail) {
    return unreached(ProxyError::destination_ip_unroutable, 502, "destination-unroutable", std::move(detail));
}

Failure destination_prohibited(std::string detail) {
    return unreached(ProxyError::destination_ip_prohibited, 502, "destination-prohibited", std::move(detail));
}

Failure bad_target(std::string detail) {
    return unreached(ProxyError::http_request_error, 400, "bad-target", std::move(detail));
}

Failure tls_failed(std::string detail) {
    return unreached(ProxyError::tls_protocol_error, 502, "tls-failed", std::move(detail));
}

Failure failure_of_refusal(int status, std::string_view proxy_status) {
    const std::string error = parameter(proxy_status, "error");
    std::string detail = parameter(proxy_status, "details");
    const auto known = std::ranges::find(kNames, std::string_view(error), &Named::name);
    const ProxyError kind =
        known == kNames.end() || known->error == ProxyError::none ? ProxyError::destination_unavailable : known->error;
    if (detail.empty()) {
        detail = "the agent refused the target with status " + std::to_string(status);
    }
    switch (kind) {
        case ProxyError::dns_timeout:
            return unreached(kind, 504, "dns-timeout", std::move(detail));
        case ProxyError::connection_timeout:
            return connection_timeout(std::move(detail));
        case ProxyError::dns_error:
            return dns_error(std::move(detail));
        case ProxyError::connection_refused:
            return connection_refused(std::move(detail));
        case ProxyError::destination_ip_prohibited:
            return destination_prohibited(std::move(detail));
        case ProxyError::destination_ip_unroutable:
            return destination_unroutable(std::move(detail));
        default:
            return unreached(kind, 502, "refused-by-agent", std::move(detail));
    }
}

Failure connection_terminated(std::string detail) {
    return broken(ProxyError::connection_terminated, 502, "connection-terminated", std::move(detail));
}

Failure response_incomplete(std::string detail) {
    return broken(ProxyError::http_response_incomplete, 502, "response-incomplete", std::move(detail));
}

Failure bad_response(std::string detail) {
    return broken(ProxyError::http_protocol_error, 502, "bad-response", std::move(detail));
}

Failure response_head_too_large(std::string detail) {
    return broken(ProxyError::http_response_header_section_size, 502, "response-head-too-large", std::move(detail));
}

Failure first_byte_timeout(std::string_view after) {
    return broken(ProxyError::http_response_timeout, 504, "first-byte-timeout",
                  after_time("the origin sent no response", after));
}

Failure tls_timeout(std::string detail) {
    return unreached(ProxyError::connection_timeout, 504, "tls-timeout", std::move(detail));
}

Failure per_try_timeout(std::string_view after) {
    return broken(ProxyError::http_response_timeout, 504, "per-try-timeout",
                  after_time("the origin sent no response", after));
}

Failure idle_timeout(std::string_view after) {
    return broken(ProxyError::connection_read_timeout, 504, "idle-timeout", after_time("no bytes moved", after));
}

Failure total_timeout(std::string_view after) {
    return broken(ProxyError::http_response_timeout, 504, "total-timeout",
                  after_time("the exchange did not finish", after));
}

Failure upgrade_refused(std::string detail) {
    return broken(ProxyError::http_protocol_error, 502, "upgrade-refused", std::move(detail));
}

namespace {

/// 503, and when it may be worth another try.
Failure turned_away(ProxyError error, Code code, std::string detail, int retry_after) {
    return {.error = error,
            .status = 503,
            .code = code,
            .detail = std::move(detail),
            .retry_after = std::max(1, retry_after),
            .not_sent = true,
            .final_here = true,
            .refused_here = true};
}

}  // namespace

Failure circuit_open(std::string detail, int retry_after) {
    return turned_away(ProxyError::destination_unavailable, "circuit-open", std::move(detail), retry_after);
}

Failure no_healthy_endpoint(std::string detail, int retry_after) {
    return turned_away(ProxyError::destination_unavailable, "no-healthy-endpoint", std::move(detail), retry_after);
}

Failure bulkhead_full(std::string detail) {
    return turned_away(ProxyError::connection_limit_reached, "bulkhead-full", std::move(detail), 1);
}

Failure queue_timeout(std::string detail) {
    return turned_away(ProxyError::connection_limit_reached, "queue-timeout", std::move(detail), 1);
}

Failure rate_limited(std::string detail, int retry_after) {
    Failure failure = turned_away(ProxyError::http_request_denied, "rate-limited", std::move(detail), retry_after);
    failure.status = 429;
    return failure;
}

Failure banned(std::string detail, int retry_after) {
    Failure failure = turned_away(ProxyError::http_request_denied, "banned", std::move(detail), retry_after);
    failure.status = 429;
    return failure;
}

Failure limits_unavailable(std::string detail) {
    return turned_away(ProxyError::proxy_internal_error, "rate-limits-unavailable", std::move(detail), 1);
}

Failure functionality_reduced(std::string detail, int retry_after) {
    return turned_away(ProxyError::http_request_denied, "functionality-reduced", std::move(detail), retry_after);
}

Failure overloaded(std::string detail, int retry_after) {
    return turned_away(ProxyError::connection_limit_reached, "overloaded", std::move(detail), retry_after);
}

Failure unauthenticated(std::string detail) {
    return {ProxyError::http_request_denied, 401, "unauthenticated", std::move(detail)};
}

Failure authentication_unavailable(std::string detail, int retry_after) {
    Failure failure{ProxyError::proxy_internal_error, 503, "authentication-unavailable", std::move(detail)};
    failure.retry_after = retry_after;
    return failure;
}

Failure access_denied(std::string detail) {
    return {ProxyError::http_request_denied, 403, "access-denied", std::move(detail)};
}

Failure credential_unavailable(std::string detail, int retry_after) {
    Failure failure{ProxyError::destination_unavailable, 503, "upstream-credential-unavailable", std::move(detail)};
    failure.retry_after = retry_after;
    failure.not_sent = true;
    failure.final_here = true;
    failure.refused_here = true;
    return failure;
}

Failure credential_misconfigured(std::string detail) {
    Failure failure{ProxyError::proxy_internal_error, 502, "upstream-credential-unavailable", std::move(detail)};
    failure.not_sent = true;
    failure.final_here = true;
    failure.refused_here = true;
    return failure;
}

Failure bad_request(int status, Code code, std::string detail) {
    return broken(ProxyError::http_request_error, status, code, std::move(detail));
}

Failure request_timeout(std::string detail) {
    return broken(ProxyError::http_request_error, 408, "request-timeout", std::move(detail));
}

Failure body_too_large(std::uint64_t limit) {
    return broken(ProxyError::http_request_error, 413, "body-too-large",
                  "the request body is larger than the " + std::to_string(limit) + " bytes that are taken here");
}

Failure no_room_for_body(std::string detail) {
    Failure failure = unreached(ProxyError::http_request_denied, 503, "no-room-for-body", std::move(detail));
    failure.retry_after = 1;
    failure.final_here = true;
    return failure;
}

Failure loop_detected(std::string_view pseudonym) {
    return unreached(ProxyError::proxy_loop_detected, 508, "loop-detected",
                     "the Via field shows that '" + std::string(pseudonym) + "' has seen this request already");
}

Failure client_gone() {
    return broken(ProxyError::none, 499, "client-closed", "the client closed its connection");
}

}  // namespace adit::problem
