// Heads of HTTP/2 messages (RFC 9113 §8.3) as the rest of the program knows heads.
#pragma once

#include <expected>

#include "common/h2/fields.h"
#include "connector/http/message.h"
#include "connector/http/parse.h"

namespace adit::http {

/// Reads a request head into `head`, whose views point into `fields` (and into its own bytes for what had to be put
/// together). `ended`: no body follows. By the same rules as for HTTP/1.1, on top of what the session layer has
/// checked (RFC 9113 §8.2): names, values, pseudo-header fields, connection-specific fields. An extended CONNECT (RFC
/// 8441 §4) reads as the GET with Upgrade that it stands for; a plain one is for proxies.
std::expected<void, ParseError> read_request(const h2::Fields& fields, bool ended, RequestHead& head,
                                             const HeadLimits& limits, Role role = Role::gateway);

/// Reads a response head; `ended`: no body follows.
std::expected<void, ParseError> read_response(const h2::Fields& fields, bool ended, std::string_view method,
                                              ResponseHead& head, const HeadLimits& limits);

}  // namespace adit::http
