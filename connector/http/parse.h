// Strict parsing of HTTP/1.1 heads (RFC 9112): what two readers could understand differently is refused.
#pragma once

#include <expected>
#include <string_view>

#include "common/problem/code.h"
#include "connector/http/message.h"

namespace adit::http {

/// Why a head was refused: the status to answer (for responses of origins it is the proxy's 502 that counts).
struct ParseError {
    int status = 400;
    problem::Code code = "bad-request";
    const char* words = "";
};

/// Length of the head at the front of `input` with its empty line, 0 when it is not complete yet. `scanned` remembers
/// how far earlier calls looked, so a head that arrives in pieces is not searched again from its start.
std::size_t head_length(std::string_view input, std::size_t& scanned);

/// Parses the complete head that stands in `head.bytes()`. Of a proxy's targets the path may be empty (CONNECT), and
/// whatever is no business of a proxy is left to the handler to refuse in its words.
std::expected<void, ParseError> parse_request(RequestHead& head, const HeadLimits& limits, Role role = Role::gateway);

/// Parses a response to a request of `method`, which decides about the body (RFC 9112 §6.3).
std::expected<void, ParseError> parse_response(ResponseHead& head, std::string_view method, const HeadLimits& limits);

/// Field lines of a trailer section, without its empty line. Fields that frame, route or authenticate are left out; the
/// others are views into `section`.
std::expected<Trailers, ParseError> parse_trailers(std::string_view section, std::size_t most);

/// Whether a comma-separated list has this token, ignoring case.
bool list_has(std::string_view list, std::string_view token);

}  // namespace adit::http
