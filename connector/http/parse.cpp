// Start lines, framing and targets; see parse.h.
#include "connector/http/parse.h"

#include <algorithm>
#include <array>

#include "common/base/strings.h"
#include "connector/http/authority.h"
#include "connector/http/fields.h"

namespace adit::http {
namespace {

bool parse_version(std::string_view text, Version& version) {
    if (text == "HTTP/1.1") {
        version = Version::http11;
        return true;
    }
    version = Version::http10;
    return text == "HTTP/1.0";
}

Outcome request_framing(RequestHead& head, const Collected& seen) {
    if (head.method == "CONNECT" && (seen.transfer_encodings > 0 || seen.length > 0)) {
        return refuse("a CONNECT with a body (RFC 9110 §9.3.6)");
    }
    if (seen.transfer_encodings > 0) {
        if (seen.has_length) {
            return refuse("both Content-Length and Transfer-Encoding");
        }
        if (head.version == Version::http10) {
            return refuse("Transfer-Encoding in an HTTP/1.0 request");
        }
        if (seen.transfer_encodings > 1 || !iequals(seen.transfer_encoding, "chunked")) {
            return refuse("a transfer coding other than exactly one chunked", 501, "transfer-coding");
        }
        head.framing = {Framing::Kind::chunked, 0};
    } else if (seen.has_length && seen.length > 0) {
        head.framing = {Framing::Kind::length, seen.length};
    }
    return {};
}

/// RFC 9112 §3.2.3: the target of CONNECT is a host and a port, and nothing is implied.
Outcome take_authority_form(RequestHead& head) {
    head.form = TargetForm::authority;
    head.authority = head.target;
    if (!valid_authority(head.target) || head.target.size() < host_of(head.target).size() + 2) {
        return refuse("a target of CONNECT that is not host:port");
    }
    return {};
}

/// Takes scheme and authority off an absolute form (RFC 9112 §3.2.2).
Outcome take_origin(RequestHead& head, std::string_view& target, const Collected& seen, Role role) {
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos ||
        !(iequals(target.substr(0, scheme), "http") || iequals(target.substr(0, scheme), "https"))) {
        return refuse("a target that is neither a path nor an http URL");
    }
    head.form = TargetForm::absolute;
    head.scheme = target.substr(0, scheme);
    target.remove_prefix(scheme + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    head.authority = target.substr(0, end);
    target.remove_prefix(end);
    // RFC 9112 §3.2: a client has to send them alike. We would go by the target (§3.2.2), but whoever stands before us
    // may have looked at the other one.
    const bool alike = role == Role::gateway ? iequals(head.authority, seen.host)
                                             : same_authority(head.authority, seen.host, head.scheme);
    if (seen.hosts > 0 && !alike) {
        return refuse("the target's authority and Host differ");
    }
    if (!valid_authority(head.authority)) {
        return refuse("a target whose authority is not a host with an optional port");
    }
    return {};
}

/// Splits the target into its parts (RFC 9112 §3.2).
Outcome split_target(RequestHead& head, const Collected& seen, Role role) {
    std::string_view target = head.target;
    for (const char c : target) {
        if (static_cast<std::uint8_t>(c) <= 0x20 || static_cast<std::uint8_t>(c) >= 0x7f) {
            return refuse("a character in the target that is not allowed");
        }
    }
    if (target.find('#') != std::string_view::npos) {
        return refuse("a fragment in the target");
    }
    if (head.method == "CONNECT") {
        return take_authority_form(head);
    }
    head.authority = seen.host;
    if (target == "*") {
        head.form = TargetForm::asterisk;
        head.path = target;
        return head.method == "OPTIONS" ? Outcome() : refuse("the target * is for OPTIONS only");
    }
    if (!target.starts_with('/')) {
        if (const Outcome taken = take_origin(head, target, seen, role); !taken) {
            return taken;
        }
        if (role == Role::proxy && target.empty() && head.method == "OPTIONS") {
            target = "*";  // RFC 9112 §3.2.4: what the last proxy makes of it
        }
    }
    const std::size_t question = std::min(target.find('?'), target.size());
    head.path = question == 0 ? std::string_view("/") : target.substr(0, question);
    head.query = target.substr(question);
    return {};
}

Outcome parse_request_line(std::string_view line, RequestHead& head, const HeadLimits& limits, Role role) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return refuse("a request line that is not method, target and version");
    }
    head.method = line.substr(0, first);
    head.target = line.substr(first + 1, last - first - 1);
    if (!is_token(head.method)) {
        return refuse("a method with a character that is not allowed");
    }
    const std::string_view version = line.substr(last + 1);
    if (!parse_version(version, head.version)) {
        return version.starts_with("HTTP/") ? refuse("this listener speaks HTTP/1.1", 505, "http-version")
                                            : refuse("a request line that is not method, target and version");
    }
    if (head.target.empty() || head.target.find(' ') != std::string_view::npos) {
        return refuse("a blank in the target");
    }
    if (head.target.size() > limits.target) {
        return refuse("the target is too long", 414, "target-too-long");
    }
    if (head.method == "CONNECT" && role == Role::gateway) {
        return refuse("CONNECT is not offered here", 405, "method-not-allowed");
    }
    if (head.method == "TRACE") {
        return refuse_trace();
    }
    return {};
}

}  // namespace

std::size_t head_length(std::string_view input, std::size_t& scanned) {
    const std::size_t from = scanned < 3 ? 0 : scanned - 3;
    const std::size_t at = input.find("\r\n\r\n", from);
    if (at == std::string_view::npos) {
        scanned = input.size();
        return 0;
    }
    return at + 4;
}

Outcome parse_request(RequestHead& head, const HeadLimits& limits, Role role) {
    head.clear();
    std::string_view rest = head.bytes();
    std::string_view line;
    if (!next_line(rest, line)) {
        return refuse("a request line that does not end in CRLF");
    }
    Collected seen;
    if (const Outcome parsed = parse_request_line(line, head, limits, role); !parsed) {
        return parsed;
    }
    if (const Outcome parsed = parse_fields(rest, head, seen, limits.fields); !parsed) {
        return parsed;
    }
    if (seen.hosts > 1 || (seen.hosts == 0 && head.version == Version::http11)) {
        return refuse(seen.hosts == 0 ? "the Host field is missing" : "more than one Host field");
    }
    if (seen.hosts == 1 && !seen.host.empty() && !valid_authority(seen.host)) {
        return refuse("a Host field that is not a host with an optional port");
    }
    if (seen.hosts == 1 && seen.host.empty() && head.target.starts_with('/')) {
        return refuse("an empty Host field");
    }
    if (const Outcome framed = request_framing(head, seen); !framed) {
        return framed;
    }
    if (const Outcome read = read_expectation(head); !read) {
        return read;
    }
    return split_target(head, seen, role);
}

Outcome parse_response(ResponseHead& head, std::string_view method, const HeadLimits& limits) {
    head.clear();
    unfold(head.bytes());
    std::string_view rest = head.bytes();
    std::string_view line;
    if (!next_line(rest, line) || line.size() < 12 || !parse_version(line.substr(0, 8), head.version) ||
        line[8] != ' ') {
        return refuse("no valid status line");
    }
    const std::string_view digits = line.substr(9, 3);
    if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) || digits[0] == '0' ||
        (line.size() > 12 && line[12] != ' ')) {
        return refuse("a status that is not three digits");
    }
    head.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
    if (!is_field_value(head.reason)) {
        return refuse("a control character in the reason phrase");
    }
    Collected seen;
    if (const Outcome parsed = parse_fields(rest, head, seen, limits.fields); !parsed) {
        return parsed;
    }
    if (head.status / 100 == 1 || head.status == 204 || head.status == 304 || method == "HEAD") {
        return {};  // RFC 9112 §6.3: no body, whatever the fields say
    }
    if (seen.transfer_encodings > 0) {
        if (seen.has_length) {
            return refuse("both Content-Length and Transfer-Encoding");
        }
        if (seen.transfer_encodings > 1 || !iequals(seen.transfer_encoding, "chunked") ||
            head.version == Version::http10) {
            return refuse("a transfer coding other than exactly one chunked");
        }
        head.framing = {Framing::Kind::chunked, 0};
    } else if (seen.has_length) {
        head.framing = {seen.length > 0 ? Framing::Kind::length : Framing::Kind::none, seen.length};
    } else {
        head.framing = {Framing::Kind::until_close, 0};
        head.keep_alive = false;
    }
    return {};
}

std::expected<Trailers, ParseError> parse_trailers(std::string_view section, std::size_t most) {
    Head scratch;
    Collected seen;
    while (!section.empty()) {
        std::string_view line;
        if (!next_line(section, line)) {
            return refuse("a trailer line that does not end in CRLF");
        }
        if (const Outcome parsed = parse_field(line, scratch, seen, most); !parsed) {
            return std::unexpected(parsed.error());
        }
    }
    std::erase_if(scratch.fields, [](const Field& field) { return !allowed_in_trailers(field); });
    return std::move(scratch.fields);
}

bool list_has(std::string_view list, std::string_view token) {
    return std::ranges::any_of(split_list(list, ','), [&](std::string_view part) { return iequals(part, token); });
}

}  // namespace adit::http
