// Preflights and answers to pages of other origins, as the Fetch standard wants them.
#include "connector/policy/cors.h"

#include <doctest/doctest.h>

#include "connector/http/parse.h"

using namespace adit::policy;
using adit::http::Field;
using adit::http::RequestHead;
using namespace std::chrono_literals;

namespace {

void read(RequestHead& head, std::string_view fields, std::string_view method = "GET") {
    head.bytes() = std::string(method).append(" / HTTP/1.1\r\nHost: a\r\n").append(fields).append("\r\n");
    REQUIRE(adit::http::parse_request(head, {}));
}

std::string text(const std::vector<Field>& fields) {
    std::string out;
    for (const Field& field : fields) {
        out.append(field.name).append("=").append(field.value).append("\n");
    }
    return out;
}

bool allows(std::vector<std::string> origins, std::string_view origin) {
    RequestHead head;
    read(head, std::string("Origin: ").append(origin).append("\r\n"));
    return !Cors({.origins = std::move(origins)}).allowed_origin(head).empty();
}

std::string preflight(const adit::config::Cors& settings, std::string_view fields) {
    RequestHead head;
    read(head, fields, "OPTIONS");
    REQUIRE(is_preflight(head));
    return text(Cors(settings).preflight(head));
}

std::string answer(const adit::config::Cors& settings, std::string_view origin, std::vector<Field> fields) {
    const Cors cors(settings);  // its fields point into it
    cors.answer(fields, origin);
    return text(fields);
}

}  // namespace

TEST_CASE("origins are listed exactly, by a wildcard for hosts below, or all") {
    CHECK(allows({"https://app.example.com"}, "https://app.example.com"));
    CHECK_FALSE(allows({"https://app.example.com"}, "http://app.example.com"));
    CHECK_FALSE(allows({"https://app.example.com"}, "https://app.example.com:8443"));
    CHECK(allows({"https://*.example.com"}, "https://a.b.example.com"));
    CHECK(allows({"https://*.example.com:8443"}, "https://a.example.com:8443"));
    for (const char* origin : {"https://example.com", "https://.example.com", "https://evilexample.com",
                               "https://evil.test/.example.com", "https://evil.test#.example.com", "null",
                               "https://a.example.com.evil.test", "https://user@evil.example.com:80.example.com"}) {
        CAPTURE(origin);
        CHECK_FALSE(allows({"https://*.example.com"}, origin));
    }
    CHECK(allows({"*"}, "null"));
}

TEST_CASE("a preflight is OPTIONS with an origin and the method that it asks about") {
    RequestHead head;
    read(head, "Origin: https://a.test\r\nAccess-Control-Request-Method: PUT\r\n", "OPTIONS");
    CHECK(is_preflight(head));
    CHECK(preflight_method(head) == "PUT");
    read(head, "Origin: https://a.test\r\n", "OPTIONS");
    CHECK_FALSE(is_preflight(head));
    read(head, "Origin: https://a.test\r\nAccess-Control-Request-Method: PUT\r\n", "GET");
    CHECK_FALSE(is_preflight(head));
}

TEST_CASE("a preflight learns all that may be done") {
    const adit::config::Cors settings{.origins = {"https://a.test"},
                                      .methods = {"GET", "PUT"},
                                      .headers = {"Content-Type", "X-Key"},
                                      .credentials = true,
                                      .max_age = 600s};
    CHECK(preflight(settings, "Origin: https://a.test\r\nAccess-Control-Request-Method: PUT\r\n") ==
          "vary=Origin\naccess-control-allow-origin=https://a.test\naccess-control-allow-credentials=true\n"
          "access-control-allow-methods=GET, PUT\naccess-control-allow-headers=Content-Type, X-Key\n"
          "access-control-max-age=600\n");
    CHECK(preflight(settings, "Origin: https://evil.test\r\nAccess-Control-Request-Method: PUT\r\n") ==
          "vary=Origin\n");
}

TEST_CASE("any header means those that were asked for") {
    CHECK(preflight({.origins = {"*"}, .headers = {"*"}},
                    "Origin: https://a.test\r\nAccess-Control-Request-Method: GET\r\n"
                    "Access-Control-Request-Headers: authorization,x-b\r\n") ==
          "access-control-allow-origin=*\nvary=Access-Control-Request-Headers\n"
          "access-control-allow-methods=GET, HEAD, POST\naccess-control-allow-headers=authorization,x-b\n"
          "access-control-max-age=5\n");
}

TEST_CASE("an answer has our word on CORS and not the backend's") {
    const adit::config::Cors listed{.origins = {"https://a.test"}, .expose = {"X-Total"}};
    const std::vector<Field> theirs{{"Access-Control-Allow-Origin", "*"},
                                    {"access-control-allow-credentials", "true"},
                                    {"X-Total", "3"},
                                    {"Vary", "Accept, origin"}};
    CHECK(answer(listed, "https://a.test", theirs) ==
          "X-Total=3\nVary=Accept, origin\naccess-control-allow-origin=https://a.test\n"
          "access-control-expose-headers=X-Total\n");
    CHECK(answer(listed, "", theirs) == "X-Total=3\nVary=Accept, origin\n");
    CHECK(answer(listed, "", {}) == "vary=Origin\n");
    CHECK(answer({.origins = {"*"}}, "https://a.test", {}) == "access-control-allow-origin=*\n");
}
