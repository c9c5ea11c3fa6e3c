// Field lines of heads and trailers; see fields.h. One pass over the bytes, no allocation once the vectors have grown.
#include "connector/http/fields.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "common/base/strings.h"

namespace adit::http {
namespace {

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
    KnownName{"x-real-ip", Known::x_forwarded},
    KnownName{"connection", Known::connection},
    KnownName{"keep-alive", Known::keep_alive},
    KnownName{"client-cert", Known::client_cert},
    KnownName{"content-type", Known::content_type},
    KnownName{"max-forwards", Known::max_forwards},
    KnownName{"x-request-id", Known::request_id},
    KnownName{"proxy-status", Known::proxy_status},
    KnownName{"authorization", Known::authorization},
    KnownName{"content-length", Known::content_length},
    KnownName{"x-forwarded-for", Known::x_forwarded},
    KnownName{"x-forwarded-host", Known::x_forwarded},
    KnownName{"x-forwarded-port", Known::x_forwarded},
    KnownName{"proxy-connection", Known::proxy_connection},
    KnownName{"x-forwarded-proto", Known::x_forwarded},
    KnownName{"client-cert-chain", Known::client_cert},
    KnownName{"sec-websocket-key", Known::websocket_key},
    KnownName{"transfer-encoding", Known::transfer_encoding},
    KnownName{"proxy-authenticate", Known::proxy_authenticate},
    KnownName{"proxy-authorization", Known::proxy_authorization},
    KnownName{"sec-websocket-accept", Known::websocket_accept},
    KnownName{"x-forwarded-client-cert", Known::client_cert},
};

/// X-Adit-*.
bool says_identity(std::string_view name) {
    return name.size() > 7 && same_name(name.substr(0, 7), "x-adit-");
}

/// What only we may say, spelt so that we would not know it and an origin would: who calls, and where a body ends.
bool is_disguised(std::string_view name) {
    static constexpr std::array<std::string_view, 11> ours{
        "client-cert",      "client-cert-chain", "x-forwarded-client-cert", "x-forwarded-for",
        "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port",        "x-real-ip",
        "x-request-id",     "content-length",    "transfer-encoding"};
    return name.find('_') != std::string_view::npos &&
           std::ranges::any_of(ours, [name](std::string_view one) { return same_name(one, name); });
}

/// Where the names of each length begin; the last entry is their number.
constexpr std::size_t kLongestName = kKnownNames.back().name.size();
constexpr std::array<std::uint8_t, kLongestName + 2> kByLength = [] {
    std::array<std::uint8_t, kLongestName + 2> table{};
    for (std::size_t length = 0; length < table.size(); ++length) {
        while (table[length] < kKnownNames.size() && kKnownNames[table[length]].name.size() < length) {
            ++table[length];
        }
    }
    return table;
}();
static_assert(std::ranges::is_sorted(kKnownNames, {}, [](const KnownName& entry) { return entry.name.size(); }));

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
        case Known::content_length:
            return note_length(seen, field.value);
        case Known::transfer_encoding:
            ++seen.transfer_encodings;
            seen.transfer_encoding = field.value;
            return {};
        case Known::host:
            ++seen.hosts;
            seen.host = field.value;
            return {};
        case Known::connection:
            note_connection(head, seen, field.value);
            return {};
        case Known::upgrade:
            seen.upgrade = field.value;
            return {};
        case Known::content_type:
            if (++seen.content_types > 1) {
                return refuse("more than one Content-Type");
            }
            return {};
        default:
            return {};
    }
}

}  // namespace

/// Few names share a length and a first letter, so nearly every lookup is one comparison or none.
Known known(std::string_view name) {
    if (says_identity(name)) {
        return Known::identity;
    }
    if (name.size() > kLongestName) {
        return Known::other;
    }
    for (std::size_t i = kByLength[name.size()]; i < kByLength[name.size() + 1]; ++i) {
        const KnownName& entry = kKnownNames[i];
        if (entry.name[0] == (name[0] | 0x20) && iequals(entry.name, name)) {
            return entry.known;
        }
    }
    return is_disguised(name) ? Known::identity : Known::other;
}

std::unexpected<ParseError> refuse(const char* words, int status, problem::Code code) {
    return std::unexpected(ParseError{status, code, words});
}

std::unexpected<ParseError> refuse_trace() {
    return refuse("TRACE is not offered here", 405, "method-not-allowed");
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        const auto plain = [](char c) {
            return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        };
        return plain(x) == plain(y);
    });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return kToken[static_cast<std::uint8_t>(c)]; });
}

bool is_field_value(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

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
    return add_field(name, value, head, seen, most);
}

Outcome read_expectation(RequestHead& head) {
    bool expects = false;
    for (const Field& field : head.fields) {
        if (field.known == Known::expect && (std::exchange(expects, true) || !iequals(field.value, "100-continue"))) {
            return refuse("an expectation other than one 100-continue", 417, "expectation");
        }
    }
    // A 1.0 client cannot mean it.
    head.expect_continue = expects && head.version != Version::http10 && head.framing.kind != Framing::Kind::none;
    return {};
}

Outcome add_field(std::string_view name, std::string_view value, Head& head, Collected& seen, std::size_t most) {
    if (head.fields.size() >= most) {
        return refuse("too many fields", 431, "head-too-large");
    }
    const Field& field = head.fields.emplace_back(name, value, known(name));
    return field.known == Known::other ? Outcome() : note(head, seen, field);
}

namespace {

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

}  // namespace

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

bool allowed_in_trailers(const Field& field) {
    static constexpr std::array kNames = std::to_array<std::string_view>(
        {"age", "cache-control", "content-encoding", "content-range", "cookie", "expires", "location", "pragma",
         "range", "retry-after", "set-cookie", "vary", "warning", "www-authenticate"});
    return field.known == Known::other && !iequals(field.name.substr(0, 3), "if-") &&
           std::ranges::none_of(kNames, [&](std::string_view name) { return iequals(field.name, name); });
}

void settle_connection(Head& head, const Collected& seen) {
    head.keep_alive = head.version == Version::http11 ? !seen.close : seen.keep_alive && !seen.close;
    // RFC 9110 §7.8: an Upgrade of HTTP/1.0 is ignored.
    head.upgrade = seen.upgrade_option && head.version == Version::http11 ? seen.upgrade : std::string_view();
}

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
    settle_connection(head, seen);
    return {};
}

}  // namespace adit::http
