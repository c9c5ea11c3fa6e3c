// Heads of requests to a proxy: the forms that only it takes.
#include <doctest/doctest.h>

#include "connector/http/forward.h"
#include "connector/http/h2_message.h"
#include "connector/http/parse.h"

using namespace adit::http;

namespace {

/// Method, form, authority, path and query as a proxy reads them; "!STATUS" where it refuses.
std::string read(std::string_view text, Role role = Role::proxy) {
    RequestHead head;
    head.bytes() = text;
    if (const auto parsed = parse_request(head, {}, role); !parsed) {
        return "!" + std::to_string(parsed.error().status);
    }
    static constexpr const char* forms[] = {"origin", "absolute", "authority", "asterisk"};
    std::string out;
    out.append(head.method).append(" ").append(forms[static_cast<int>(head.form)]);
    for (const std::string_view part : {head.authority, head.path, head.query}) {
        out.append(" ").append(part.empty() ? "-" : part);
    }
    return out;
}

std::string read2(std::initializer_list<std::pair<const char*, const char*>> fields, Role role = Role::proxy) {
    adit::h2::Fields all;
    for (const auto& [name, value] : fields) {
        all.add(name, value);
    }
    RequestHead head;
    if (const auto parsed = read_request(all, false, head, {}, role); !parsed) {
        return "!" + std::to_string(parsed.error().status);
    }
    const bool body = head.framing.kind != Framing::Kind::none;
    return std::string(head.method) + " " + std::string(head.authority) + " " + std::string(head.scheme) +
           std::string(head.path) + (body ? " with a body" : "");
}

}  // namespace

TEST_CASE("a proxy takes CONNECT, a gateway does not") {
    const char* connect = "CONNECT payments.internal:8443 HTTP/1.1\r\nHost: payments.internal:8443\r\n\r\n";
    CHECK(read(connect) == "CONNECT authority payments.internal:8443 - -");
    CHECK(read(connect, Role::gateway) == "!405");
    CHECK(read("CONNECT [fd00::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n") == "CONNECT authority [fd00::1]:443 - -");
    CHECK(read("CONNECT a:1 HTTP/1.0\r\n\r\n") == "CONNECT authority a:1 - -");
    CHECK(read("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == "CONNECT authority a:1 - -");
}

TEST_CASE("a CONNECT whose target or body could mean two things is refused") {
    for (const char* target : {"a", "a:", ":1", "a:b", "a:1/", "http://a:1", "/", "*", "u@a:1", "a:123456", "[::1",
                               "[::1]", "a:1:2", "::1:80"}) {
        CAPTURE(target);
        CHECK(read("CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n") == "!400");
    }
    CHECK(read("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n") == "!400");
    CHECK(read("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") == "!400");
    CHECK(read("CONNECT a:1 HTTP/1.1\r\n\r\n") == "!400");
    CHECK(read("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == "!400");
}

TEST_CASE("a proxy goes by the target, which Host has to be like (RFC 9112 3.2)") {
    CHECK(read("GET http://a:81/x?y HTTP/1.1\r\nHost: a:81\r\n\r\n") == "GET absolute a:81 /x ?y");
    CHECK(read("GET http://a/ HTTP/1.1\r\nHost: A:80\r\n\r\n") == "GET absolute a / -");
    CHECK(read("GET https://a:443/ HTTP/1.1\r\nHost: a\r\n\r\n") == "GET absolute a:443 / -");
    CHECK(read("GET http://[fd00::1]:80/ HTTP/1.1\r\nHost: [FD00::1]\r\n\r\n") == "GET absolute [fd00::1]:80 / -");
    CHECK(read("GET http://a/ HTTP/1.0\r\n\r\n") == "GET absolute a / -");
    for (const char* other : {"b", "a:80", "a", "", "a:810", "a:81."}) {
        CAPTURE(other);
        CHECK(read("GET http://a:81/x HTTP/1.1\r\nHost: " + std::string(other) + "\r\n\r\n") == "!400");
    }
    CHECK(read("GET http://a:81/x HTTP/1.1\r\nHost: b\r\n\r\n", Role::gateway) == "!400");
    CHECK(read("GET HTTP://a HTTP/1.1\r\nHost: a\r\n\r\n") == "GET absolute a / -");
    CHECK(read("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n") == "GET absolute a / ?q");
    CHECK(read("OPTIONS http://a:81 HTTP/1.1\r\nHost: a:81\r\n\r\n") == "OPTIONS absolute a:81 * -");
    CHECK(read("TRACE http://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == "!405");
    CHECK(read2({{":method", "TRACE"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}}) == "!405");
    CHECK(read("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == "!400");
    CHECK(read("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n") == "!400");
    CHECK(read("GET /x HTTP/1.1\r\nHost: a\r\n\r\n") == "GET origin a /x -");
    CHECK(read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == "OPTIONS asterisk a * -");
}

TEST_CASE("CONNECT of HTTP/2 has an authority and no body") {
    CHECK(read2({{":method", "CONNECT"}, {":authority", "a:1"}}) == "CONNECT a:1 ");
    CHECK(read2({{":method", "CONNECT"}, {":authority", "a:1"}}, Role::gateway) == "!405");
    CHECK(read2({{":method", "CONNECT"}, {":authority", "a"}}) == "!400");
    CHECK(read2({{":method", "CONNECT"}, {":authority", "a:1"}, {"content-length", "3"}}) == "!400");
    CHECK(read2({{":method", "PUT"}, {":scheme", "http"}, {":authority", "a:1"}, {":path", "/x"}}) ==
          "PUT a:1 http/x with a body");
}

TEST_CASE("nothing frames what follows a 200 to CONNECT") {
    ResponseHead response;
    response.status = 200;
    std::string out;
    append_response(out, response, {.framing = {}, .pseudonym = {}, .date = "today", .connect = true});
    CHECK(out == "HTTP/1.1 200 OK\r\ndate: today\r\n\r\n");
}
