// The parser of heads; see parse.h. One pass over the bytes, no allocation once the vectors have grown.
#include "connector/http/parse.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "common/base/strings.h"
#include "connector/http/authority.h"

namespace adit::http {
namespace {

using Outcome = std::expected<void, ParseError>;

std::unexpected<ParseError> refuse(const char* words, int status = 400, const char* code = "bad-request") {
    return std::unexpected(ParseError{status, code, words});
}

/// RFC 9110 §5.6.2: what a token may hold. '_' is allowed: refusing it would break clients; it is the CGI-like origin
/// that must not take '_' for '-'.
constexpr std::array<bool, 256> kToken = [] {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
        table[static_cast<std::uint8_t>(c)] = true;
    }
    return table;
}();

bool is_token(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return kToken[static_cast<std::uint8_t>(c)]; });
}

/// RFC 9110 §5.5: visible characters, blanks, tabs and bytes above 0x7f; no NUL, CR, LF or other control.
bool is_field_value(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

struct KnownName {
    std::string_view name;
    Known known;
};

constexpr std::array kKnownNames{
    KnownName{"te", Known::te},
    KnownName{"via", Known::via},
    KnownName{"host", Known::host},
    KnownName{"date", Known::date},
    KnownName{"expect", Known::expect},
    KnownName{"upgrade", Known::upgrade},
    KnownName{"trailer", Known::trailer},
    KnownName{"forwarded", Known::forwarded},
    KnownName{"connection", Known::connection},
    KnownName{"keep-alive", Known::keep_alive},
    KnownName{"content-type", Known::content_type},
    KnownName{"max-forwards", Known::max_forwards},
    KnownName{"x-request-id", Known::request_id},
    KnownName{"proxy-status", Known::proxy_status},
    KnownName{"authorization", Known::authorization},
    KnownName{"content-length", Known::content_length},
    KnownName{"x-forwarded-for", Known::x_forwarded},
    KnownName{"x-forwarded-host", Known::x_forwarded},
    KnownName{"x-forwarded-port", Known::x_forwarded},
    KnownName{"x-forwarded-proto", Known::x_forwarded},
    KnownName{"proxy-connection", Known::proxy_connection},
    KnownName{"transfer-encoding", Known::transfer_encoding},
    KnownName{"proxy-authenticate", Known::proxy_authenticate},
    KnownName{"proxy-authorization", Known::proxy_authorization},
};

/// Few names share a length, so nearly every lookup is one comparison or none.
Known recognise(std::string_view name) {
    for (const KnownName& entry : kKnownNames) {
        if (entry.name.size() == name.size() && (entry.name[0] | 0x20) == (name[0] | 0x20) &&
            iequals(entry.name, name)) {
            return entry.known;
        }
    }
    return Known::other;
}

/// 1*DIGIT without overflow (RFC 9110 §8.6).
bool parse_length(std::string_view text, std::uint64_t& length) {
    if (text.empty() || text.size() > 19) {
        return false;
    }
    length = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return false;
        }
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return length <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// What the field lines say about framing and the connection, collected while they are read.
struct Collected {
    bool has_length = false;
    std::uint64_t length = 0;
    int transfer_encodings = 0;
    std::string_view transfer_encoding;
    int hosts = 0;
    std::string_view host;
    bool close = false;
    bool keep_alive = false;
    bool upgrade_option = false;
    std::string_view upgrade;
    int content_types = 0;
};

Outcome note_length(Collected& seen, std::string_view value) {
    std::uint64_t length = 0;
    if (!parse_length(value, length)) {
        return refuse("Content-Length is not a plain decimal number");
    }
    if (seen.has_length) {
        return refuse(length == seen.length ? "more than one Content-Length" : "Content-Length fields that differ");
    }
    seen.has_length = true;
    seen.length = length;
    return {};
}

void note_connection(Head& head, Collected& seen, std::string_view value) {
    if (head.connection.empty()) {
        head.connection = value;
    }
    for (const std::string_view option : split_list(value, ',')) {
        if (iequals(option, "close")) {
            seen.close = true;
        } else if (iequals(option, "keep-alive")) {
            seen.keep_alive = true;
        } else {
            seen.upgrade_option = seen.upgrade_option || iequals(option, "upgrade");
            head.has_connection_options = true;
        }
    }
}

Outcome note(Head& head, Collected& seen, const Field& field) {
    switch (field.known) {
        case Known::content_length: return note_length(seen, field.value);
        case Known::transfer_encoding:
            ++seen.transfer_encodings;
            seen.transfer_encoding = field.value;
            return {};
        case Known::host:
            ++seen.hosts;
            seen.host = field.value;
            return {};
        case Known::connection: note_connection(head, seen, field.value); return {};
        case Known::upgrade: seen.upgrade = field.value; return {};
        case Known::content_type:
            if (++seen.content_types > 1) {
                return refuse("more than one Content-Type");
            }
            return {};
        default: return {};
    }
}

/// The next line without its CRLF, or nothing when a bare CR or LF stands in it.
bool next_line(std::string_view& rest, std::string_view& line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') {
        return false;
    }
    line = rest.substr(0, end - 1);
    rest.remove_prefix(end + 1);
    return std::memchr(line.data(), '\r', line.size()) == nullptr;
}

Outcome parse_field(std::string_view line, Head& head, Collected& seen, std::size_t most) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return refuse("a field line without a colon");
    }
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) {
        return refuse(!name.empty() && (name.back() == ' ' || name.back() == '\t')
                          ? "white space between a field name and its colon"
                          : "a field name with a character that is not allowed");
    }
    const std::string_view value = trim_blanks(line.substr(colon + 1));
    if (!is_field_value(value)) {
        return refuse("a field value with a control character");
    }
    if (head.fields.size() >= most) {
        return refuse("too many fields", 431, "head-too-large");
    }
    head.fields.push_back({name, value, recognise(name)});
    const Field field = head.fields.back();
    return field.known == Known::other ? Outcome() : note(head, seen, field);
}

enum class Folding { refuse, unfold };

/// RFC 9112 §5.2: a response's folded lines become blanks; in a request folding is an error.
void unfold(std::string& bytes) {
    for (std::size_t at = bytes.find("\r\n"); at != std::string::npos; at = bytes.find("\r\n", at + 1)) {
        if (at + 2 < bytes.size() && (bytes[at + 2] == ' ' || bytes[at + 2] == '\t')) {
            bytes[at] = bytes[at + 1] = ' ';
        }
    }
}

Outcome parse_fields(std::string_view rest, Head& head, Collected& seen, std::size_t most) {
    for (;;) {
        std::string_view line;
        if (!next_line(rest, line)) {
            return refuse("a line that does not end in CRLF");
        }
        if (line.empty()) {
            break;
        }
        if (line.front() == ' ' || line.front() == '\t') {
            return refuse("a folded field line");
        }
        if (const Outcome parsed = parse_field(line, head, seen, most); !parsed) {
            return parsed;
        }
    }
    head.keep_alive = head.version == Version::http11 ? !seen.close : seen.keep_alive && !seen.close;
    head.upgrade = seen.upgrade_option ? seen.upgrade : std::string_view();
    return {};
}

bool parse_version(std::string_view text, Version& version) {
    if (text == "HTTP/1.1") {
        version = Version::http11;
        return true;
    }
    version = Version::http10;
    return text == "HTTP/1.0";
}

Outcome request_framing(RequestHead& head, const Collected& seen) {
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

/// Splits the target into its parts (RFC 9112 §3.2).
Outcome split_target(RequestHead& head, const Collected& seen) {
    std::string_view target = head.target;
    for (const char c : target) {
        if (static_cast<std::uint8_t>(c) <= 0x20 || static_cast<std::uint8_t>(c) >= 0x7f) {
            return refuse("a character in the target that is not allowed");
        }
    }
    if (target.find('#') != std::string_view::npos) {
        return refuse("a fragment in the target");
    }
    head.authority = seen.host;
    if (target == "*") {
        head.path = target;
        return head.method == "OPTIONS" ? Outcome() : refuse("the target * is for OPTIONS only");
    }
    if (!target.starts_with('/')) {
        const std::size_t scheme = target.find("://");
        if (scheme == std::string_view::npos ||
            !(iequals(target.substr(0, scheme), "http") || iequals(target.substr(0, scheme), "https"))) {
            return refuse("a target that is neither a path nor an http URL");
        }
        target.remove_prefix(scheme + 3);
        const std::size_t end = std::min(target.find_first_of("/?"), target.size());
        head.authority = target.substr(0, end);
        target.remove_prefix(end);
        if (!iequals(head.authority, seen.host) && seen.hosts > 0) {
            return refuse("the target's authority and Host differ");
        }
        if (!valid_authority(head.authority)) {
            return refuse("a target whose authority is not a host with an optional port");
        }
    }
    const std::size_t question = std::min(target.find('?'), target.size());
    head.path = question == 0 ? std::string_view("/") : target.substr(0, question);
    head.query = target.substr(question);
    return {};
}

Outcome parse_request_line(std::string_view line, RequestHead& head, const HeadLimits& limits) {
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
    if (head.method == "CONNECT") {
        return refuse("CONNECT is not offered here", 405, "method-not-allowed");
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

Outcome parse_request(RequestHead& head, const HeadLimits& limits) {
    head.clear();
    std::string_view rest = head.bytes();
    std::string_view line;
    if (!next_line(rest, line)) {
        return refuse("a request line that does not end in CRLF");
    }
    Collected seen;
    if (const Outcome parsed = parse_request_line(line, head, limits); !parsed) {
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
    if (const Field* expect = head.find(Known::expect)) {
        if (!iequals(expect->value, "100-continue")) {
            return refuse("an expectation other than 100-continue", 417, "expectation");
        }
        // RFC 9110 §10.1.1: a 1.0 client cannot mean it.
        head.expect_continue = head.version == Version::http11 && head.framing.kind != Framing::Kind::none;
    }
    return split_target(head, seen);
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

std::expected<std::vector<Field>, ParseError> parse_trailers(std::string_view section, std::size_t most) {
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
    // RFC 9110 §6.5.1: what frames, routes, authenticates or controls must not come late.
    std::erase_if(scratch.fields, [](const Field& field) { return field.known != Known::other; });
    return std::move(scratch.fields);
}

bool list_has(std::string_view list, std::string_view token) {
    return std::ranges::any_of(split_list(list, ','), [&](std::string_view part) { return iequals(part, token); });
}

}  // namespace adit::http
