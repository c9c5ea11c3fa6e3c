// Who asks, by the word of trusted proxies, and what origins are told of it.
#include "connector/http/caller.h"

#include <doctest/doctest.h>

#include "connector/http/forward.h"
#include "connector/http/hops_told.h"
#include "connector/http/parse.h"

using namespace adit::http;

namespace {

/// Reads "Name: value" lines as a request's.
void read(RequestHead& head, std::string_view fields) {
    head.bytes() = std::string("GET / HTTP/1.1\r\nHost: shop.example\r\n").append(fields).append("\r\n");
    REQUIRE(parse_request(head, {}));
}

Trust trust(CallerField field) {
    Trust trust;
    trust.field = field;
    for (const char* block : {"10.0.0.0/8", "fd00::/8"}) {
        trust.proxies.push_back(*adit::net::Network::parse(block));
    }
    return trust;
}

/// The caller's address, and "s" after it when it used https.
std::string caller(std::string_view fields, CallerField field = CallerField::x_forwarded_for) {
    RequestHead head;
    read(head, fields);
    const auto found = find_caller(head, boost::asio::ip::make_address("10.0.0.1"), trust(field));
    return found ? found->address + (found->https.value_or(false) ? " s" : "") : "";
}

std::string sent(std::string_view fields, const Onward& onward) {
    RequestHead head;
    read(head, fields);
    std::string out;
    append_request(out, head, onward);
    return out;
}

bool has(std::string_view text, std::string_view line) {
    return text.find(std::string("\r\n").append(line).append("\r\n")) != std::string_view::npos;
}

}  // namespace

TEST_CASE("the right-most hop that is no trusted proxy is who asks") {
    CHECK(caller("") == "");
    CHECK(caller("X-Forwarded-For: 203.0.113.7\r\n") == "203.0.113.7");
    CHECK(caller("X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.9.9.9\r\n") == "203.0.113.7");
    CHECK(caller("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.7\r\n") == "203.0.113.7");
    CHECK(caller("X-Forwarded-For: 10.2.2.2, 10.3.3.3\r\n") == "10.2.2.2");
    CHECK(caller("X-Forwarded-For: 203.0.113.7:51000\r\n") == "203.0.113.7");
    CHECK(caller("X-Forwarded-For: [2001:db8::7]:51000, fd00::1\r\n") == "2001:db8::7");
    CHECK(caller("X-Forwarded-For: 2001:DB8::7\r\nX-Forwarded-Proto: https\r\n") == "2001:db8::7 s");
}

TEST_CASE("what stands further left than something that is no address is nobody's word") {
    CHECK(caller("X-Forwarded-For: 203.0.113.7, unknown\r\n") == "");
    CHECK(caller("X-Forwarded-For: 203.0.113.7, unknown, 10.4.4.4\r\n") == "10.4.4.4");
    CHECK(caller("X-Forwarded-For: 127.1\r\n") == "");
}

TEST_CASE("only the field that the proxies write counts") {
    const std::string_view both = "X-Forwarded-For: 203.0.113.7\r\nForwarded: for=198.51.100.9\r\n";
    CHECK(caller(both) == "203.0.113.7");
    CHECK(caller(both, CallerField::forwarded) == "198.51.100.9");
}

TEST_CASE("Forwarded is read with its quotes") {
    const auto forwarded = [](std::string_view value) {
        return caller(std::string("Forwarded: ").append(value).append("\r\n"), CallerField::forwarded);
    };
    CHECK(forwarded("for=6.6.6.6, For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.2") == "2001:db8::7 s");
    CHECK(forwarded("for=203.0.113.7;host=\"a, for=6.6.6.6\", for=10.0.0.3") == "203.0.113.7");
    CHECK(forwarded("for=203.0.113.7, for=_hidden") == "");
    CHECK(forwarded("proto=https") == "");
    // A quote that a client left open must not swallow what the proxy has appended.
    CHECK(forwarded("for=6.6.6.6;x=\", for=203.0.113.7;proto=http") == "");
}

TEST_CASE("hops are written anew, continued or left out") {
    const std::string_view theirs =
        "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nForwarded: "
        "for=6.6.6.6\r\n"
        "X-Real-IP: 6.6.6.6\r\nClient-Cert: :AAAA:\r\nX-Forwarded-Client-Cert: Hash=1\r\n";
    Onward onward{.authority = "origin",
                  .client = "203.0.113.7",
                  .client_tls = true,
                  .peer = "10.0.0.1",
                  .request_id = "req_1",
                  .pseudonym = "me"};
    const std::string replaced = sent(theirs, onward);
    CHECK(has(replaced, "x-forwarded-for: 203.0.113.7"));
    CHECK(has(replaced, "x-forwarded-proto: https"));
    CHECK(has(replaced, "forwarded: for=203.0.113.7;proto=https;host=\"shop.example\""));
    for (const char* name : {"Port", "Real-IP", "Client-Cert", "6.6.6.6"}) {
        CHECK(replaced.find(name) == std::string::npos);
    }
    onward.disclosure = {Disclosure::Hops::append, Disclosure::Hops::append};
    CHECK(has(sent(theirs, onward), "x-forwarded-for: 203.0.113.7"));  // nobody vouches
    onward.vouched = CallerField::x_forwarded_for;
    const std::string continued = sent(theirs, onward);
    CHECK(has(continued, "x-forwarded-for: 203.0.113.7, 10.0.0.1"));
    CHECK(has(continued, "x-forwarded-proto: https"));
    CHECK(has(continued, "x-forwarded-port: 443"));
    CHECK(has(continued, "x-forwarded-host: shop.example"));
    CHECK(has(continued, "forwarded: for=203.0.113.7;proto=https;host=\"shop.example\""));
    onward.vouched = CallerField::forwarded;
    CHECK(has(sent(theirs, onward), "forwarded: for=6.6.6.6, for=10.0.0.1;proto=http;host=\"shop.example\""));
    onward.disclosure = {Disclosure::Hops::off, Disclosure::Hops::off};
    CHECK(sent(theirs, onward).find("orwarded") == std::string::npos);
}

TEST_CASE("what goes on of the word of trusted proxies is told apart, but for addresses") {
    const Disclosure append{Disclosure::Hops::append, Disclosure::Hops::append};
    const auto told = [&](std::string_view fields, std::optional<CallerField> vouched, const Disclosure& by) {
        RequestHead head;
        read(head, fields);
        return hops_told(head, by, vouched, false);
    };
    const auto by_x = [&](std::string_view fields) { return told(fields, CallerField::x_forwarded_for, append); };
    CHECK(by_x("X-Forwarded-For: 203.0.113.7\r\nX-Real-IP: 203.0.113.7\r\n").empty());
    CHECK(by_x("X-Forwarded-Host: a\r\n") != by_x(""));
    CHECK(by_x("X-Forwarded-Host: a\r\n") != by_x("X-Forwarded-Host: b\r\n"));
    CHECK(by_x("X-Forwarded-Port: 1\r\n") != by_x("X-Forwarded-Port: 2\r\n"));
    CHECK(by_x("X-Forwarded-Proto: http\r\n") != by_x("X-Forwarded-Proto: https\r\n"));
    CHECK(by_x("Forwarded: for=1;host=a\r\n") == by_x(""));
    CHECK(told("X-Forwarded-Host: a\r\n", std::nullopt, append).empty());
    CHECK(told("X-Forwarded-Host: a\r\n", CallerField::x_forwarded_for, {}).empty());
    const auto by_list = [&](std::string_view value) {
        return told(std::string("Forwarded: ").append(value).append("\r\n"), CallerField::forwarded, append);
    };
    CHECK(by_list("for=192.0.2.1;host=a") == by_list("for=192.0.2.2;host=a"));
    CHECK(by_list("for=\"[2001:db8::1]:1\";host=a") == by_list("For=192.0.2.2;host=a"));
    CHECK(by_list("for=192.0.2.1;host=a") != by_list("for=192.0.2.1;host=b"));
    CHECK(by_list("for=192.0.2.1;proto=http") != by_list("for=192.0.2.1;proto=https"));
    CHECK(by_list("for=\"x;host=a") != by_list("for=\"x;host=b"));
}

TEST_CASE("without a Via of ours those before us stay") {
    Onward onward{.authority = "origin", .client = "::1", .request_id = "req_1", .pseudonym = "me"};
    CHECK(has(sent("Via: 1.0 a\r\nVia: 1.1 b\r\n", onward), "via: 1.0 a, 1.1 b, 1.1 me"));
    onward.disclosure.via = false;
    const std::string quiet = sent("Via: 1.0 a\r\n", onward);
    CHECK(has(quiet, "Via: 1.0 a"));
    CHECK(quiet.find("me\r\n") == std::string::npos);
}
