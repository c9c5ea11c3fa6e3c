// URLs of documents that are fetched.
#include "connector/config/url.h"

#include <doctest/doctest.h>

using namespace adit::config;

TEST_CASE("a URL keeps its path and query as they were written") {
    const auto url = parse_url("https://login.example:8443/t/keys/?p=b2c_1&x=%20");
    REQUIRE(url);
    CHECK(url->origin.host == "login.example");
    CHECK(url->origin.port == 8443);
    CHECK(url->origin.base_path.empty());
    CHECK(url->target == "/t/keys/?p=b2c_1&x=%20");
    CHECK(parse_url("https://i.example")->target == "/");
    CHECK(parse_url("http://i.example?a")->target == "/?a");
    CHECK(parse_url("http://[::1]:80/a")->text() == "http://[::1]:80/a");
}

TEST_CASE("a URL that means something else to somebody is refused") {
    for (const char* text :
         {"", "i.example", "ftp://i.example/", "https://", "https://user:secret@i.example/", "https://i.example/a b",
          "https://i.example/#a", "https://i.example/\r\nx: y", "https://i.example/\\", "https://i.example:0/",
          "HTTPS://i.example/", "https://i.example/\xc3\xa9", "service://idp"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_url(text));
    }
}

TEST_CASE("what decides whom we trust comes over https, or from this machine") {
    for (const char* good :
         {"https://i.example/", "http://127.0.0.1:1/", "http://127.8.8.8/", "http://localhost/a", "http://[::1]/"}) {
        CAPTURE(good);
        CHECK(parse_trusted_url(good));
    }
    for (const char* bad : {"http://i.example/", "http://10.0.0.1/", "http://127.0.0.1.example/", "http://0.0.0.0/",
                            "http://localhost.example/"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_trusted_url(bad));
    }
}
