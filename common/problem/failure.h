// Why an exchange failed: kind, cause in words, and where. Layers return it; one place turns it into an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/problem/code.h"

namespace adit::problem {

/// The proxy error types of RFC 9209 §2.3 that we produce or relay.
enum class ProxyError : std::uint8_t {
    none,
    dns_timeout,
    dns_error,
    destination_not_found,
    destination_unavailable,
    destination_ip_prohibited,
    destination_ip_unroutable,
    connection_refused,
    connection_terminated,
    connection_timeout,
    connection_read_timeout,
    connection_limit_reached,
    tls_protocol_error,
    http_request_error,
    http_request_denied,
    http_response_incomplete,
    http_response_header_section_size,
    http_response_timeout,
    http_protocol_error,
    proxy_internal_response,
    proxy_internal_error,
    proxy_loop_detected,
};

/// The token of RFC 9209.
std::string_view name(ProxyError error);

/// One try of a request, as its caller may know of it.
struct Tried {
    std::string endpoint;    ///< as configured where that is disclosed, else by its number
    std::string agent = {};  ///< empty: not disclosed, or none
    std::string_view phase;  ///< how far it came
    std::int64_t ms = 0;
    std::string outcome;        ///< "status 503", "connection-refused"
    std::string_view why = {};  ///< it was the last one; empty: another followed
};

/// A failure of ours. `code` names the reason for machines; `detail` says it for people.
struct Failure {
    ProxyError error = ProxyError::proxy_internal_error;
    int status = 500;
    Code code = "internal-error";
    std::string detail;
    int retry_after = 0;  ///< seconds; 0 = no Retry-After field
    /// Nothing of the request can have reached the origin's application: any method may be tried elsewhere.
    bool not_sent = false;
    /// Another try on the same way would end the same: the name, the target or the policy is at fault.
    bool final_here = false;
    /// We turned it away ourselves and asked nobody: says nothing of the origin, and what was taken for it (tokens of
    /// rate limits) is given back.
    bool refused_here = false;
    std::vector<Tried> attempts = {};  ///< what was tried before
    int attempts_told = 0;             ///< in X-Adit-Attempts; 0: without it
    /// Whether the caller may ask again; without a word of those who know, what the status says.
    std::optional<bool> retryable = {};
};

// --- finding the way ---
Failure no_route(std::string_view host, std::string_view path);
Failure service_unknown(std::string_view service);
Failure tunnel_without_session(std::string_view tunnel);
Failure session_lost(std::string_view tunnel);
Failure draining();

// --- reaching the origin ---
Failure dns_error(std::string detail);
Failure dns_timeout(std::string_view host);
Failure connection_refused(std::string detail);
Failure connection_timeout(std::string detail);
Failure connection_failed(std::string detail);
Failure destination_unroutable(std::string detail);
Failure destination_prohibited(std::string detail);
Failure bad_target(std::string detail);
Failure tls_failed(std::string detail);
/// What an agent said: its status and its Proxy-Status field, which is parsed with suspicion.
Failure failure_of_refusal(int status, std::string_view proxy_status);

// --- the exchange ---
Failure connection_terminated(std::string detail);
Failure response_incomplete(std::string detail);
Failure bad_response(std::string detail);
Failure response_head_too_large(std::string detail);
Failure first_byte_timeout(std::string_view after);
Failure tls_timeout(std::string detail);
Failure per_try_timeout(std::string_view after);
Failure idle_timeout(std::string_view after);
Failure total_timeout(std::string_view after);
Failure upgrade_refused(std::string detail);

// --- what we do not even try ---
/// An open circuit; `retry_after` in seconds, at least 1.
Failure circuit_open(std::string detail, int retry_after);
Failure no_healthy_endpoint(std::string detail, int retry_after);
/// A bulkhead has no place, nor has its queue; or the wait in the queue was too long.
Failure bulkhead_full(std::string detail);
Failure queue_timeout(std::string detail);
Failure rate_limited(std::string detail, int retry_after);
Failure banned(std::string detail, int retry_after);
Failure limits_unavailable(std::string detail);
/// This route waits for better times, or this connector does.
Failure functionality_reduced(std::string detail, int retry_after);
Failure overloaded(std::string detail, int retry_after);

// --- trust ---
/// RFC 9110 §15.5.2; whoever answers adds the challenges.
Failure unauthenticated(std::string detail);
/// Who calls cannot be told now, for a reason on our side: 503, since the credential may be good.
Failure authentication_unavailable(std::string detail, int retry_after);
Failure access_denied(std::string detail);
/// No credential for the origin: 503 while the provider may come back, 502 where only its configuration can help.
Failure credential_unavailable(std::string detail, int retry_after);
Failure credential_misconfigured(std::string detail);

// --- the request ---
Failure bad_request(int status, Code code, std::string detail);
Failure request_timeout(std::string detail);
Failure body_too_large(std::uint64_t limit);
/// The body would have to be held, and too many are.
Failure no_room_for_body(std::string detail);
Failure loop_detected(std::string_view pseudonym);
Failure client_gone();

}  // namespace adit::problem
