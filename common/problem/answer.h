// A failure in the two forms that clients can read: problem+json (RFC 9457) and Proxy-Status (RFC 9209).
#pragma once

#include <string>
#include <string_view>

#include "common/problem/failure.h"

namespace adit::problem {

/// `{"type","title","status","detail","instance","code","trace":{"timestamp","requestId"},"retryable",
/// "retry_after","attempts":[…]}`, the last two where there are any; `type` is `types` and the
/// code, `instance` the path of the request, `timestamp` RFC 3339, `retry_after` in seconds.
std::string problem_json(const Failure& failure, std::string_view types, std::string_view instance,
                         std::string_view request_id, std::string_view timestamp);

/// Where types of problems lead unless a configuration says otherwise: to ourselves, whoever was asked (RFC 9457 §3.1.1
/// has it relative to the request).
inline constexpr std::string_view kOwnPages = "/.well-known/adit/problems/";
/// Where there are no such pages: names that lead nowhere.
inline constexpr std::string_view kNames = "urn:adit:problem:";

/// One member of the Proxy-Status list: `adit; error=connection_refused; details="..."`. `received_status` is the
/// agent's or origin's status, 0 when there is none.
std::string proxy_status(const Failure& failure, std::string_view proxy, int received_status = 0);

/// The reason phrase of a status code; "Unknown" for those without one.
std::string_view reason_phrase(int status);

}  // namespace adit::problem
