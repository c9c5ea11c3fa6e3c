// Building the heads that leave; see forward.h.
#include "connector/http/forward.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/strings.h"
#include "connector/http/parse.h"

namespace adit::http {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

void append_length(std::string& out, std::uint64_t length) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), length).ptr;
    append_field(out, "content-length", {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

bool nominated(const Head& head, std::string_view name) {
    if (!head.has_connection_options) {
        return false;
    }
    for (const Field& field : head.fields) {
        if (field.known == Known::connection && list_has(field.value, name)) {
            return true;
        }
    }
    return false;
}

/// Fields of one hop only, and those that Connection names. Names that would strip what guards a request are not
/// followed: they are not `Known::other`, so nominated() is not asked about them.
bool hop_by_hop(const Head& head, const Field& field) {
    switch (field.known) {
        case Known::connection:
        case Known::keep_alive:
        case Known::proxy_connection:
        case Known::te:
        case Known::trailer:
        case Known::transfer_encoding:
        case Known::upgrade:
        case Known::proxy_authenticate:
        case Known::proxy_authorization:
        case Known::content_length:
            return true;
        case Known::other:
            return nominated(head, field.name);
        default:
            return false;
    }
}

std::string_view via_version(Version version) {
    return version == Version::http11 ? "1.1 " : "1.0 ";
}

/// One Via field that continues those that came.
void append_via(std::string& out, const Head& head, std::string_view pseudonym) {
    out += "via: ";
    for (const Field& field : head.fields) {
        if (field.known == Known::via) {
            out += field.value;
            out += ", ";
        }
    }
    out += via_version(head.version);
    out += pseudonym;
    out += "\r\n";
}

/// RFC 7239 §4 and §6: an IPv6 address is quoted and bracketed.
void append_forwarding(std::string& out, const RequestHead& request, const Onward& onward) {
    const std::string_view scheme = onward.client_tls ? "https" : "http";
    const bool six = onward.client.find(':') != std::string_view::npos;
    append_field(out, "x-forwarded-for", onward.client);
    append_field(out, "x-forwarded-proto", scheme);
    if (!request.authority.empty()) {
        append_field(out, "x-forwarded-host", request.authority);
    }
    out += "forwarded: for=";
    out += six ? "\"[" : "";
    out += onward.client;
    out += six ? "]\"" : "";
    out += ";proto=";
    out += scheme;
    if (!request.authority.empty()) {
        out += ";host=\"";
        out += request.authority;
        out += '"';
    }
    out += "\r\n";
    append_field(out, "x-request-id", onward.request_id);
}

}  // namespace

void append_request(std::string& out, const RequestHead& request, const Onward& onward) {
    out += request.method;
    out += ' ';
    if (request.path != "*") {
        out += onward.base_path;
    }
    out += request.path;
    out += request.query;
    out += " HTTP/1.1\r\n";
    append_field(out, "host", onward.authority);
    for (const Field& field : request.fields) {
        switch (field.known) {
            case Known::host:
            case Known::via:
            case Known::forwarded:
            case Known::x_forwarded:
            case Known::request_id:
                continue;
            case Known::expect:
                if (!request.expect_continue) {
                    continue;
                }
                break;
            default:
                break;
        }
        if (!hop_by_hop(request, field)) {
            append_field(out, field.name, field.value);
        }
    }
    append_forwarding(out, request, onward);
    if (!onward.traceparent.empty()) {
        append_field(out, "traceparent", onward.traceparent);
    }
    append_via(out, request, onward.pseudonym);
    if (request.framing.kind == Framing::Kind::chunked) {
        out += "transfer-encoding: chunked\r\n";
    } else if (request.framing.kind == Framing::Kind::length) {
        append_length(out, request.framing.length);
    } else if (request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
        out += "content-length: 0\r\n";  // RFC 9110 §8.6
    }
    if (onward.upgrade) {
        append_field(out, "upgrade", request.upgrade);
        out += "connection: upgrade\r\n";
    } else if (accepts_trailers(request)) {
        out += "te: trailers\r\nconnection: te\r\n";
    }
    out += "\r\n";
}

bool accepts_trailers(const RequestHead& request) {
    return std::ranges::any_of(request.fields, [](const Field& field) {
        return field.known == Known::te && list_has(field.value, "trailers");
    });
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
    out += response.reason;
    out += "\r\n";
    bool has_date = false;
    for (const Field& field : response.fields) {
        if (field.known == Known::via) {
            continue;
        }
        has_date = has_date || field.known == Known::date;
        const bool keep = field.known == Known::content_length && backward.keep_length_field;
        if (keep || !hop_by_hop(response, field)) {
            append_field(out, field.name, field.value);
        }
    }
    append_via(out, response, backward.pseudonym);
    if (!has_date) {
        append_field(out, "date", backward.date);
    }
    if (backward.upgrade) {
        append_field(out, "upgrade", response.upgrade);
        out += "connection: upgrade\r\n\r\n";
        return;
    }
    if (backward.framing.kind == Framing::Kind::chunked) {
        out += "transfer-encoding: chunked\r\n";
    } else if (backward.framing.kind == Framing::Kind::length ||
               (backward.framing.kind == Framing::Kind::none && !backward.keep_length_field && response.status >= 200 &&
                response.status != 204)) {
        append_length(out, backward.framing.length);
    }
    if (!backward.keep_alive) {
        out += "connection: close\r\n";
    } else if (backward.client_version == Version::http10) {
        out += "connection: keep-alive\r\n";
    }
    out += "\r\n";
}

void append_interim(std::string& out, const ResponseHead& response) {
    out += "HTTP/1.1 " + std::to_string(response.status) + " ";
    out += response.reason;
    out += "\r\n";
    for (const Field& field : response.fields) {
        if (!hop_by_hop(response, field)) {
            append_field(out, field.name, field.value);
        }
    }
    out += "\r\n";
}

}  // namespace adit::http
