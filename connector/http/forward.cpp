// Building the heads that leave; see forward.h.
#include "connector/http/forward.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/strings.h"
#include "common/problem/answer.h"
#include "connector/http/field_sink.h"
#include "connector/http/fields.h"
#include "connector/http/parse.h"
#include "connector/http/websocket.h"

namespace adit::http {
namespace {

void add_length(FieldSink& out, std::uint64_t length) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
    out.add("content-length", {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string_view via_version(Version version) {
    return version == Version::http2 ? "2.0 " : version == Version::http11 ? "1.1 " : "1.0 ";
}

/// One Via field that continues those that came.
void add_via(FieldSink& out, const Head& head, std::string_view pseudonym) {
    static thread_local std::string via;
    via.clear();
    for (const Field& field : head.fields) {
        if (field.known == Known::via) {
            via.append(field.value).append(", ");
        }
    }
    via.append(via_version(head.version)).append(pseudonym);
    out.add("via", via);
}

/// What an origin of any version gets, but for the fields that frame the message.
void add_request_fields(FieldSink& out, const RequestHead& request, const Onward& onward) {
    bool said_timeout = onward.grpc_timeout.empty();
    for (const Field& field : request.fields) {
        if (is_reserved(field.name, onward.reserved)) {
            continue;
        }
        switch (field.known) {
            case Known::via:
                if (!onward.disclosure.via) {
                    out.add(field.name, field.value);
                }
                continue;
            case Known::host:
            case Known::identity:
            case Known::client_cert:
            case Known::forwarded:
            case Known::x_forwarded:
            case Known::request_id:
                continue;
            case Known::expect:
                if (!request.expect_continue) {
                    continue;
                }
                break;
            case Known::websocket_key:
                if (onward.upgrade) {
                    continue;  // written where there is one: with the upgrade
                }
                break;
            case Known::max_forwards:
                if (const auto hops = hops_left(request); hops && *hops > 0) {
                    out.add(field.name, std::to_string(*hops - 1));
                    continue;
                }
                break;
            default:
                break;
        }
        if (!onward.grpc_timeout.empty() && iequals(field.name, "grpc-timeout")) {
            out.add(field.name, onward.grpc_timeout);
            said_timeout = true;
        } else if (!hop_by_hop(request, field)) {
            out.add(field.name, field.value);
        }
    }
    if (!said_timeout) {
        out.add("grpc-timeout", onward.grpc_timeout);
    }
    for (const auto& [name, value] : onward.credentials) {
        out.add(name, value);
    }
    add_hops(out, request, onward);
    out.add("x-request-id", onward.request_id);
    if (!onward.traceparent.empty()) {
        out.add("traceparent", onward.traceparent);
    }
    if (onward.disclosure.via) {
        add_via(out, request, onward.pseudonym);
    }
}

/// The view lives until the next call on this thread.
std::string_view target_of(const RequestHead& request, const Onward& onward) {
    static thread_local std::string target;
    target.clear();
    if (request.path != "*") {
        target += onward.base_path;
    }
    target += request.path;
    target += request.query;
    return target;
}

/// RFC 9110 §8.6: a method that means a body says so even when there is none.
bool means_body(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

/// What a client of any version gets, but for the fields that frame the message.
void add_response_fields(FieldSink& out, const ResponseHead& response, const Backward& backward) {
    bool has_date = false;
    for (const Field& field : response.fields) {
        const bool answers_key = field.known == Known::websocket_accept;
        if ((field.known == Known::via && !backward.pseudonym.empty()) ||
            (answers_key && backward.client_version == Version::http2)) {
            continue;
        }
        has_date = has_date || field.known == Known::date;
        const bool keep = field.known == Known::content_length && backward.keep_length_field;
        if (keep || !hop_by_hop(response, field)) {
            out.add(field.name, field.value);
        }
    }
    if (!backward.pseudonym.empty()) {
        add_via(out, response, backward.pseudonym);
    }
    if (!has_date) {
        out.add("date", backward.date);
    }
}

/// Whether the length of the body is said: it is known, and not left to what the origin said of a body that is absent
/// by rule.
bool says_length(const ResponseHead& response, const Backward& backward) {
    return backward.framing.kind == Framing::Kind::length ||
           (backward.framing.kind == Framing::Kind::none && !backward.keep_length_field && response.status >= 200 &&
            response.status != 204);
}

void add_interim_fields(FieldSink& out, const ResponseHead& response) {
    for (const Field& field : response.fields) {
        if (!hop_by_hop(response, field)) {
            out.add(field.name, field.value);
        }
    }
}

}  // namespace

void append_request(std::string& out, const RequestHead& request, const Onward& onward) {
    out.append(request.method).append(" ").append(target_of(request, onward)).append(" HTTP/1.1\r\n");
    Lines lines(out);
    lines.add("host", onward.authority);
    add_request_fields(lines, request, onward);
    if (request.framing.kind == Framing::Kind::chunked) {
        out += "transfer-encoding: chunked\r\n";
    } else if (request.framing.kind == Framing::Kind::length) {
        add_length(lines, request.framing.length);
    } else if (means_body(request.method)) {
        out += "content-length: 0\r\n";
    }
    if (onward.upgrade) {
        lines.add("upgrade", kWebsocket);
        out += "connection: upgrade\r\n";
        if (!onward.websocket_key.empty()) {
            lines.add("sec-websocket-key", onward.websocket_key);
        } else if (const Field* own = request.find(Known::websocket_key)) {
            lines.add("sec-websocket-key", own->value);
        }
    } else if (accepts_trailers(request)) {
        out += "te: trailers\r\nconnection: te\r\n";
    }
    out += "\r\n";
}

h2::Fields request_fields(const RequestHead& request, const Onward& onward) {
    h2::Fields out;
    out.add(":method", onward.upgrade ? "CONNECT" : request.method);
    if (onward.upgrade) {
        out.add(":protocol", kWebsocket);
    }
    out.add(":scheme", onward.origin_tls ? "https" : "http");
    out.add(":authority", onward.authority);
    out.add(":path", target_of(request, onward));
    List list(out, request);
    add_request_fields(list, request, onward);
    if (request.framing.kind == Framing::Kind::length) {
        add_length(list, request.framing.length);
    } else if (request.framing.kind == Framing::Kind::none && means_body(request.method) && !onward.upgrade) {
        out.add("content-length", "0");
    }
    if (accepts_trailers(request)) {
        out.add("te", "trailers");
    }
    return out;
}

bool is_reserved(std::string_view name, std::span<const std::string> reserved) {
    return std::ranges::any_of(reserved, [name](const std::string& one) { return same_name(one, name); });
}

bool accepts_trailers(const RequestHead& request) {
    return request.version == Version::http2 || std::ranges::any_of(request.fields, [](const Field& field) {
               return field.known == Known::te && list_has(field.value, "trailers");
           });
}

std::optional<std::uint64_t> hops_left(const RequestHead& request) {
    const Field* field = request.method == "OPTIONS" ? request.find(Known::max_forwards) : nullptr;
    std::uint64_t hops = 0;
    if (field == nullptr) {
        return std::nullopt;
    }
    const char* const begin = field->value.data();
    const char* const end = begin + field->value.size();
    const auto [parsed, error] = std::from_chars(begin, end, hops);
    return error == std::errc() && parsed == end ? std::optional(hops) : std::nullopt;
}

bool seen_before(const RequestHead& request, std::string_view pseudonym) {
    for (const Field& field : request.fields) {
        if (field.known != Known::via) {
            continue;
        }
        for (const std::string_view hop : split_list(field.value, ',')) {
            const std::size_t blank = hop.find(' ');
            if (blank != std::string_view::npos && trim(hop.substr(blank + 1)) == pseudonym) {
                return true;
            }
        }
    }
    return false;
}

void append_response(std::string& out, const ResponseHead& response, const Backward& backward) {
    out += "HTTP/1.1 ";
    std::array<char, 4> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), response.status).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out += ' ';
    out += response.reason.empty() ? problem::reason_phrase(response.status) : response.reason;
    out += "\r\n";
    Lines lines(out);
    add_response_fields(lines, response, backward);
    if (backward.upgrade) {
        lines.add("upgrade", response.upgrade);
        if (!backward.websocket_accept.empty()) {
            lines.add("sec-websocket-accept", backward.websocket_accept);
        }
        out += "connection: upgrade\r\n\r\n";
        return;
    }
    if (backward.connect) {
        out += "\r\n";
        return;
    }
    if (backward.framing.kind == Framing::Kind::chunked) {
        out += "transfer-encoding: chunked\r\n";
    } else if (says_length(response, backward)) {
        add_length(lines, backward.framing.length);
    }
    if (!backward.keep_alive) {
        out += "connection: close\r\n";
    } else if (backward.client_version == Version::http10) {
        out += "connection: keep-alive\r\n";
    }
    out += "\r\n";
}

h2::Fields response_fields(const ResponseHead& response, const Backward& backward) {
    h2::Fields out;
    List list(out, response);
    add_response_fields(list, response, backward);
    if (!backward.upgrade && !backward.connect && says_length(response, backward)) {
        add_length(list, backward.framing.length);
    }
    return out;
}

void append_interim(std::string& out, const ResponseHead& response) {
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out += response.reason.empty() ? problem::reason_phrase(response.status) : response.reason;
    out += "\r\n";
    Lines lines(out);
    add_interim_fields(lines, response);
    out += "\r\n";
}

h2::Fields interim_fields(const ResponseHead& response) {
    h2::Fields out;
    List list(out, response);
    add_interim_fields(list, response);
    return out;
}

}  // namespace adit::http
