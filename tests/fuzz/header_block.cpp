// Literals, and indices of both tables; see header_block.h.
#include "tests/fuzz/header_block.h"

#include <array>

namespace adit::fuzz {
namespace {

struct Pair {
    std::string_view name;
    std::string_view value;
};

/// Fields that mean something to us, with values that are good, or nearly.
constexpr std::array<Pair, 36> kKnown{{
    {"host", "a.example"},
    {"host", "b.example"},
    {"content-length", "3"},
    {"content-length", "0"},
    {"content-length", "+3"},
    {"transfer-encoding", "chunked"},
    {"te", "trailers"},
    {"te", "gzip"},
    {"connection", "close, x-y"},
    {"upgrade", "websocket"},
    {"keep-alive", "timeout=5"},
    {"cookie", "a=b"},
    {"cookie", "c"},
    {"expect", "100-continue"},
    {"expect", "x"},
    {"trailer", "x-y"},
    {"forwarded", "for=1.2.3.4"},
    {"x-forwarded-for", "1.2.3.4"},
    {"x-adit-consumer", "me"},
    {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
    {"sec-websocket-version", "13"},
    {"grpc-timeout", "1S"},
    {"content-type", "application/grpc"},
    {"grpc-status", "0"},
    {"max-forwards", "0"},
    {"proxy-status", "adit-agent; error=connection_refused; details=\"no\""},
    {"date", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {"x-y", ""},
    {"X-Upper", "a"},
    {"x y", "a"},
    {"x", "a\r\nb: c"},
    {"x", " a"},
    {":path", "/twice"},
    {":status", "100"},
    {":protocol", "websocket"},
    {"", "nameless"},
}};

constexpr std::array<std::string_view, 8> kMethods{"GET", "POST", "HEAD", "OPTIONS", "CONNECT", "TRACE", "PUT", "g t"};
constexpr std::array<std::string_view, 8> kPaths{"/", "/a?b=c", "*", "", "/a b", "/%2e%2e/x", "http://x/", "/\xff"};
constexpr std::array<std::string_view, 6> kAuthorities{"a.example", "127.0.0.1:1", "a.example:70000",
                                                       "",          "u@a",         "[::1]:80"};
constexpr std::array<std::string_view, 8> kStatuses{"200", "100", "103", "204", "304", "502", "101", "2000"};
constexpr std::array<std::string_view, 4> kTunnelPaths{"/.well-known/adit/session", "/.well-known/adit/probe",
                                                       "/.well-known/adit/successor", "/else"};

void add_integer(std::string& out, std::uint8_t first, int prefix, std::size_t value) {
    const std::size_t most = (std::size_t{1} << prefix) - 1;
    if (value < most) {
        out += static_cast<char>(first | value);
        return;
    }
    out += static_cast<char>(first | most);
    for (value -= most; value >= 128; value /= 128) {
        out += static_cast<char>(value % 128 + 128);
    }
    out += static_cast<char>(value);
}

/// Literal, without Huffman coding: 0x00 leaves the dynamic table alone, 0x40 adds to it.
void add_literal(std::string& out, std::string_view name, std::string_view value, std::uint8_t kind = 0) {
    out += static_cast<char>(kind);
    add_integer(out, 0, 7, name.size());
    out += name;
    add_integer(out, 0, 7, value.size());
    out += value;
}

void add_pseudo(std::string& out, Input& input, Speaker speaker) {
    switch (speaker) {
        case Speaker::server:
        case Speaker::agent:
            add_literal(out, ":status", input.choice(kStatuses));
            return;
        case Speaker::connector:
            if (input.flag()) {
                add_literal(out, ":method", "CONNECT");
                add_literal(out, ":authority", input.choice(kAuthorities));
                return;
            }
            add_literal(out, ":method", "GET");
            add_literal(out, ":scheme", "https");
            add_literal(out, ":authority", "adit");
            add_literal(out, ":path", input.choice(kTunnelPaths));
            return;
        case Speaker::client: {
            const std::uint8_t leave_out = input.byte();
            add_literal(out, ":method", input.choice(kMethods));
            if ((leave_out & 0x11) != 0x11) {
                add_literal(out, ":scheme", "http");
            }
            if ((leave_out & 0x22) != 0x22) {
                add_literal(out, ":path", input.choice(kPaths));
            }
            if ((leave_out & 0x44) != 0x44) {
                add_literal(out, ":authority", input.choice(kAuthorities));
            }
            if ((leave_out & 0x88) == 0x88) {
                add_literal(out, ":protocol", "websocket");
            }
        }
    }
}

void add_field(std::string& out, Input& input) {
    const std::uint8_t kind = input.byte();
    if (kind < 2 * kKnown.size()) {
        const Pair& field = kKnown[kind % kKnown.size()];
        add_literal(out, field.name, field.value, kind < kKnown.size() ? 0x00 : 0x40);
    } else if (kind < 0x80) {
        const std::string_view name = input.take(kind % 16);
        add_literal(out, name, input.text());
    } else if (kind < 0xa0) {
        out += static_cast<char>(input.byte());  // an index, a new size of the table, the begin of anything
    } else if (kind < 0xb0) {
        add_literal(out, "x-long", std::string(std::size_t{1} << (kind % 16), 'l'), 0x40);
    } else if (kind < 0xc0) {
        out.append(std::size_t{1} << (kind % 16 / 2), static_cast<char>(0xbe));  // the newest entry, over and over
    } else {
        out += static_cast<char>(kind);  // an entry of the dynamic table
    }
}

}  // namespace

std::string header_block(Input& input, Speaker speaker, bool head) {
    std::string out;
    if (head) {
        add_pseudo(out, input, speaker);
    }
    for (std::size_t fields = input.below(8); fields > 0; --fields) {
        add_field(out, input);
    }
    return out;
}

}  // namespace adit::fuzz
