// HTTPS_PROXY and NO_PROXY in the forms that people use.
#include "common/net/proxy_environment.h"

#include <doctest/doctest.h>

using adit::net::ProxyEnvironment;

namespace {

bool direct(const char* exceptions, const char* host, std::uint16_t port = 443) {
    return !ProxyEnvironment::parse("http://proxy:3128", exceptions).value().for_target(host, port);
}

}  // namespace

TEST_CASE("a proxy has a host, a port and perhaps credentials") {
    struct Row {
        const char* text;
        const char* host;
        std::uint16_t port;
        const char* user;
        const char* password;
    };
    for (const Row& row :
         {Row{"http://proxy.corp:3128", "proxy.corp", 3128, "", ""},
          Row{"proxy.corp:3128/", "proxy.corp", 3128, "", ""}, Row{"HTTP://proxy.corp", "proxy.corp", 80, "", ""},
          Row{"http://[fd00::1]:3128", "fd00::1", 3128, "", ""}, Row{"http://[fd00::1]", "fd00::1", 80, "", ""},
          Row{"http://u:p@proxy:1", "proxy", 1, "u", "p"}, Row{"http://u@proxy:1", "proxy", 1, "u", ""},
          Row{"http://u:a%40b%3A%2f@proxy:1", "proxy", 1, "u", "a@b:/"},
          Row{"http://u:100%@proxy:1", "proxy", 1, "u", "100%"}, Row{"http://u:p@q@proxy:1", "proxy", 1, "u", "p@q"},
          Row{"http://u:%zz%4@proxy:1", "proxy", 1, "u", "%zz%4"}}) {
        CAPTURE(row.text);
        const auto proxy = ProxyEnvironment::parse(row.text, "").value().for_target("target", 443);
        REQUIRE(proxy);
        CHECK(proxy->host == row.host);
        CHECK(proxy->port == row.port);
        CHECK(proxy->user == row.user);
        CHECK(proxy->password == row.password);
    }
}

TEST_CASE("no proxy is no proxy") {
    CHECK_FALSE(ProxyEnvironment::parse("", "").value().for_target("target", 443));
    CHECK_FALSE(ProxyEnvironment::parse("  ", "x").value().for_target("target", 443));
}

TEST_CASE("what cannot be used is refused without showing the password") {
    for (const char* text :
         {"https://u:hunter2@proxy:3128", "socks5://u:hunter2@proxy:1080", "http://u:hunter2@proxy:0",
          "http://u:hunter2@proxy:99999", "http://u:hunter2@proxy:x", "http://u:hunter2@:3128",
          "http://u%3Av:hunter2@proxy:1", "http://u:hunter2%0d%0aX@proxy:1", "http://u:hunt/er2@proxy:1"}) {
        CAPTURE(text);
        const auto parsed = ProxyEnvironment::parse(text, "");
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().usage);
        CHECK(parsed.error().message.find("hunt") == std::string::npos);
    }
}

TEST_CASE("NO_PROXY names hosts with what is below them, suffixes, addresses and blocks") {
    CHECK(direct("*", "any.example"));
    CHECK(direct("corp.example", "corp.example"));
    CHECK(direct("corp.example", "a.b.CORP.example"));
    CHECK_FALSE(direct("corp.example", "evilcorp.example"));
    CHECK(direct(".corp.example", "a.corp.example"));
    CHECK_FALSE(direct(".corp.example", "corp.example"));
    CHECK(direct("*.corp.example", "a.corp.example"));
    CHECK(direct("a, b ,corp.example", "corp.example"));
    CHECK(direct("10.0.0.1", "10.0.0.1"));
    CHECK(direct("10.0.0.0/8", "10.9.8.7"));
    CHECK(direct("10.1.2.3/8", "10.9.8.7"));
    CHECK_FALSE(direct("10.0.0.0/8", "11.0.0.1"));
    CHECK(direct("fd00::/8", "fd12::1"));
    CHECK(direct("::1", "::1"));
    CHECK(direct("[::1]", "::1"));
    CHECK_FALSE(direct("fd00::/8", "10.0.0.1"));
    CHECK_FALSE(direct("", "any.example"));
    CHECK_FALSE(direct(",:443,", "any.example"));
}

TEST_CASE("a rule with a port is for that port") {
    CHECK(direct("corp.example:7443", "a.corp.example", 7443));
    CHECK_FALSE(direct("corp.example:7443", "a.corp.example", 443));
    CHECK(direct("[::1]:7443", "::1", 7443));
    CHECK_FALSE(direct("[::1]:7443", "::1", 443));
    CHECK(direct("10.0.0.0/8:7443", "10.0.0.1", 7443));
}
