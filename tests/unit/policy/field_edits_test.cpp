// Fields that are removed, set and added, with values made of requests.
#include "connector/policy/field_edits.h"

#include <doctest/doctest.h>

#include "connector/http/forward.h"
#include "connector/http/parse.h"

using namespace adit::policy;
using adit::http::Field;
using adit::http::RequestHead;

namespace {

struct Request {
    explicit Request(std::string_view fields) {
        head.bytes() =
            std::string("GET /t/acme/a/b HTTP/1.1\r\nHost: shop.example:8080\r\n").append(fields).append("\r\n");
        REQUIRE(adit::http::parse_request(head, {}));
    }
    RequestHead head;
    RequestValues values{head, "203.0.113.7", "shop.example", "/t/acme/a/b", "req_1", "tenants", "shop", "https"};
};

constexpr std::string_view kPattern = "/t/{tenant}/{rest**}";

std::string expand(std::string_view text, std::string_view fields = "") {
    const Request request(fields);
    return FieldTemplate(kPattern, text).expand(request.values);
}

/// The head's fields after the edits, but for Host.
std::string edited(const adit::config::FieldEdits& settings, std::string_view fields) {
    Request request(fields);
    const FieldEdits edits(settings, kPattern);
    const auto made = edits.make(request.values);
    edits.apply(request.head.fields, made);
    std::string out;
    for (const Field& field : request.head.fields) {
        if (field.known != adit::http::Known::host) {
            out.append(field.name).append("=").append(field.value).append(";");
        }
    }
    return out;
}

}  // namespace

TEST_CASE("a template is filled in with what the request has") {
    CHECK(expand("{client_ip} {host} {path} {method} {request_id}") ==
          "203.0.113.7 shop.example /t/acme/a/b GET req_1");
    CHECK(expand("{scheme}://{host}/{route}/{backend}") == "https://shop.example/tenants/shop");
    CHECK(expand("{tenant}:{rest}") == "acme:a/b");
    CHECK(expand("<{header.X-A}>", "x-a: 1\r\nX-A: 2\r\n") == "<1, 2>");
    CHECK(expand("{header.X-Missing}") == "");
    CHECK(expand("{{\"group\":\"{tenant}\"}}") == "{\"group\":\"acme\"}");
}

TEST_CASE("a value never ends its line, and has no blanks around it") {
    Request request("");
    request.values.client_ip = "a\r\nSet-Cookie: b\x7f";
    CHECK(FieldTemplate("/", " {client_ip} ").expand(request.values) == "aSet-Cookie: b");
}

TEST_CASE("remove, set and add come in this order, whatever the case of names") {
    CHECK(edited({{"x-debug"}, {}, {}}, "X-Debug: 1\r\nX-Debug: 2\r\nX-Keep: 3\r\n") == "X-Keep=3;");
    CHECK(edited({{}, {{"X-Tenant", "{tenant}"}}, {}}, "x-tenant: forged\r\nx-tenant: twice\r\n") == "x-tenant=acme;");
    CHECK(edited({{}, {}, {{"X-Tag", "b"}}}, "X-Tag: a\r\n") == "X-Tag=a;x-tag=b;");
    CHECK(edited({{"x-a"}, {}, {{"X-A", "new"}}}, "X-A: old\r\n") == "x-a=new;");
}

TEST_CASE("a value that turns out empty writes no field, and what it stood for goes all the same") {
    CHECK(edited({{}, {{"X-User", "{header.X-Login}"}}, {}}, "X-User: forged\r\n") == "");
}

TEST_CASE("no peer can nominate a field away that a policy has set") {
    Request request("Connection: X-Tenant, X-Theirs\r\nX-Theirs: 1\r\n");
    const FieldEdits edits({{}, {{"X-Tenant", "{tenant}"}, {"X-Real-IP", "{client_ip}"}}, {}}, kPattern);
    const auto made = edits.make(request.values);
    edits.apply(request.head.fields, made);
    std::string out;
    adit::http::append_request(out, request.head,
                               {.authority = "o", .client = "::1", .request_id = "req_1", .pseudonym = "me"});
    CHECK(out.find("x-tenant: acme\r\n") != std::string::npos);
    CHECK(out.find("x-real-ip: 203.0.113.7\r\n") != std::string::npos);
    CHECK(out.find("X-Theirs") == std::string::npos);
}
