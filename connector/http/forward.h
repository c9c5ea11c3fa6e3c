// What a proxy changes on the way: hop-by-hop fields go, framing is written anew, who called is told (RFC 9110 §7.6).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/h2/fields.h"
#include "connector/http/caller.h"
#include "connector/http/disclosure.h"
#include "connector/http/message.h"

namespace adit::http {

/// How the request goes on to an origin.
struct Onward {
    std::string_view authority;       ///< the Host of the origin
    std::string_view base_path = {};  ///< put before the path
    std::string_view client;          ///< the caller's IP address
    bool client_tls = false;
    std::string_view peer = {};               ///< who stands between the caller and us, where somebody does
    bool peer_tls = false;                    ///< whether the request reached us by https
    std::optional<CallerField> vouched = {};  ///< the field that came from a trusted proxy
    Disclosure disclosure = {};
    std::string_view request_id;
    std::string_view pseudonym;           ///< our name in Via
    std::string_view grpc_timeout = {};   ///< replaces the caller's, of which some has passed; empty: that goes on
    bool upgrade = false;                 ///< pass the wish for a WebSocket on, and no other protocol of Upgrade
    std::string_view websocket_key = {};  ///< of ours, where the request has come by HTTP/2
    bool origin_tls = false;
    std::string_view traceparent = {};  ///< of a span of ours; empty: none is added to those that came
    /// Fields that only we may write, in lower case: what the caller sent under these names stays behind.
    std::span<const std::string> reserved = {};
    /// What we write, whatever the caller's Connection names.
    std::span<const std::pair<std::string, std::string>> credentials = {};
};

/// Whether a field is one of those names.
bool is_reserved(std::string_view name, std::span<const std::string> reserved);

/// Appends the request head for the origin. What the caller wrote of X-Forwarded-*, Forwarded, X-Real-IP, X-Request-Id
/// and fields that tell of client certificates does not pass: see Disclosure for what does.
void append_request(std::string& out, const RequestHead& request, const Onward& onward);

/// The same head for HTTP/2 (RFC 9113 §8.3.1); a request to upgrade becomes an extended CONNECT (RFC 8441 §4).
h2::Fields request_fields(const RequestHead& request, const Onward& onward);

/// Whether the caller takes trailers: HTTP/2 has its own place for them; others say so (TE: trailers, RFC 9110
/// §10.1.4) or get none.
bool accepts_trailers(const RequestHead& request);

/// How often an OPTIONS may still be forwarded (Max-Forwards, RFC 9110 §7.6.2), where it says so; each head that goes
/// on says one less. Of other methods but TRACE, which nobody is offered here, the field means nothing.
std::optional<std::uint64_t> hops_left(const RequestHead& request);

/// Whether our own pseudonym stands in Via: the request has been here before (RFC 9110 §7.6.3).
bool seen_before(const RequestHead& request, std::string_view pseudonym);

/// How a response goes back to a client.
struct Backward {
    Version client_version = Version::http11;
    bool keep_alive = true;
    Framing framing;                 ///< as the client shall see it
    bool keep_length_field = false;  ///< the body is absent by rule (HEAD, 304): its Content-Length stays informative
    std::string_view pseudonym;      ///< our name in Via; empty to add none
    std::string_view date;           ///< used when the origin sent none (RFC 9110 §6.6.1)
    bool upgrade = false;            ///< a 101 that is passed on
    bool connect = false;            ///< a 200 to CONNECT, behind which there is no message (RFC 9110 §9.3.6)
    std::string_view websocket_accept = {};  ///< of our own, where the origin had no key to answer
};

/// Appends the response head for the client.
void append_response(std::string& out, const ResponseHead& response, const Backward& backward);

/// The same head for HTTP/2, without its status; what `backward` says of the connection does not count.
h2::Fields response_fields(const ResponseHead& response, const Backward& backward);

/// Appends an interim response (1xx) unchanged but for hop-by-hop fields.
void append_interim(std::string& out, const ResponseHead& response);
h2::Fields interim_fields(const ResponseHead& response);

}  // namespace adit::http
