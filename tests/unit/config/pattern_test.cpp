// Host and path patterns and endpoints: what is accepted, in which form, and what is refused with which words.
#include "connector/config/pattern.h"

#include <doctest/doctest.h>

#include "connector/config/endpoint.h"

namespace adit::config {

TEST_CASE("host patterns are brought into the form that is matched") {
    struct Case {
        const char* text;
        const char* pattern;
    };
    const Case cases[] = {{"API.Example.com", "api.example.com"},
                          {"example.com.", "example.com"},
                          {"*.Example.com", "*.example.com"},
                          {"localhost", "localhost"},
                          {"my_service", "my_service"},
                          {"10.0.0.1", "10.0.0.1"},
                          {"[::1]", "::1"}};
    for (const auto& [text, pattern] : cases) {
        CAPTURE(text);
        CHECK(parse_host_pattern(text).value_or("refused") == pattern);
    }
}

TEST_CASE("host patterns that could not match are refused") {
    for (const auto* text : {"", "*", "*.", "**.example.com", "a.*.com", "*example.com", "example.com:443", "::1",
                             "*.[::1]", "a..b", "-a.com", "a b", "10.0.0.256", "[::1", "é.com"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_host_pattern(text));
    }
}

TEST_CASE("path patterns") {
    for (const auto* text :
         {"/", "/**", "/*", "/v1/payments/**", "/v1/*/items", "/v1/", "/a//b", "/%C3%BC", "/a;b=c", "/a:b@c", "/..."}) {
        CAPTURE(text);
        CHECK(parse_path_pattern(text).value_or("refused") == text);
    }
    for (const auto* text :
         {"",     "v1",   "/a*",  "/**x", "/**/a", "/***", "/a/../b", "/./a", "/a?b", "/a#b",  "/a b",
          "/%2f", "/%2F", "/%5C", "/%00", "/%41",  "/%zz", "/%4",     "/%c3", "/é",   "/a\\b", "/a\tb"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_path_pattern(text));
    }
    std::string deep;
    for (int i = 0; i < 33; ++i) deep += "/a";
    CHECK_FALSE(parse_path_pattern(deep));
}

TEST_CASE("endpoints") {
    struct Case {
        const char* text;
        const char* shown;
    };
    const Case cases[] = {{"service://payments-api", "service://payments-api"},
                          {"http://host", "http://host:80"},
                          {"http://host:8080", "http://host:8080"},
                          {"http://host/", "http://host:80"},
                          {"http://host:8080/a/b//", "http://host:8080/a/b"},
                          {"http://[::1]:8080/a", "http://[::1]:8080/a"},
                          {"http://[::1]", "http://[::1]:80"},
                          {"http://host/a:1", "http://host:80/a:1"},
                          {"https://host", "https://host:443"},
                          {"https://host:8443/a", "https://host:8443/a"}};
    for (const auto& [text, shown] : cases) {
        CAPTURE(text);
        const auto endpoint = parse_endpoint(text);
        REQUIRE(endpoint);
        CHECK(endpoint->text() == shown);
    }
    for (const auto* text : {"",
                             "host",
                             "host:80",
                             "https://",
                             "ftp://host",
                             "http://",
                             "http://:80",
                             "http://host:",
                             "http://host:0",
                             "http://host:x",
                             "http://u:p@host",
                             "http://host?a",
                             "http://host/a#b",
                             "http://host/a b",
                             "http://::1",
                             "service://",
                             "service://a/b",
                             "service://a:80",
                             "service://a b",
                             "HTTP://host",
                             "http://host\\a"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_endpoint(text));
    }
}

}  // namespace adit::config
