// RFC 9111, rule by rule: what is stored, how long it is fresh, what may be used.
#include "connector/cache/shared_failure.h"
#include "connector/cache/storable.h"
#include "connector/cache/use.h"
#include "connector/http/date.h"
#include "heads.h"

using namespace adit;
using namespace adit::cache;
using namespace std::chrono_literals;

namespace {

std::string refusal(std::string_view answer_fields, std::string_view request_fields = "", config::Cache settings = {},
                    int status = 200, bool authorized = false, std::string_view method = "GET") {
    const auto by = request(request_fields, method);
    const auto head = answer(answer_fields, status);
    return std::string(name(refusal_to_store(*by, request_control(*by), {authorized}, *head, settings)));
}

milliseconds lifetime(std::string_view fields) {
    const auto head = answer(fields);
    return explicit_lifetime(head->fields, parse_control(head->fields), kWall).value_or(-1ms);
}

milliseconds age(std::string_view fields, milliseconds took = 0ms) {
    return initial_age(answer(fields)->fields, at(0s, took));
}

Use use(const Entry& stored, std::string_view asked, milliseconds later, config::Cache settings = {}) {
    return judge(stored, request_control(*request(asked)), settings, kStart + later);
}

bool rescues(const Entry& stored, std::string_view asked, milliseconds later, config::Cache settings = {}) {
    return stands_in(stored, request_control(*request(asked)), settings, kStart + later);
}

}  // namespace

TEST_CASE("directives are read with and without quotes, in any case, the first of several counting") {
    const auto read = [](std::string_view value) {
        return parse_control(answer("Cache-Control: " + std::string(value) + "\r\n")->fields);
    };
    CHECK(read("MAX-AGE=60").max_age == 60s);
    CHECK(read("max-age=\"60\"").max_age == 60s);
    CHECK(read("max-age=60, max-age=5").max_age == 60s);
    CHECK(read("max-age=-1").max_age == 0s);
    CHECK(read("max-age=1.5").max_age == 0s);
    CHECK(read("max-age").max_age == 0s);
    CHECK(read("max-age=99999999999999999999").max_age == seconds(1LL << 31));
    CHECK(read("extension=\"no-store, x\", public").for_all);
    CHECK_FALSE(read("extension=\"no-store, x\", public").no_store);
    CHECK(read("private=\"set-cookie\"").for_one);
    CHECK(read("no-cache=\"set-cookie\"").no_cache);
    CHECK(read("max-stale").any_staleness);
    CHECK(read("max-stale=7").max_stale == 7s);
    CHECK(read("x=\"\\\"no-store\", s-maxage=3").s_maxage == 3s);
}

TEST_CASE("Pragma counts for requests that have no Cache-Control") {
    CHECK(request_control(*request("Pragma: no-cache\r\n")).no_cache);
    CHECK_FALSE(request_control(*request("Pragma: no-cache\r\nCache-Control: max-age=5\r\n")).no_cache);
}

TEST_CASE("an answer is stored when nothing speaks against it and something for it") {
    config::Cache ttl;
    ttl.ttl = 60s;
    CHECK(refusal("Cache-Control: max-age=60\r\n") == "none");
    CHECK(refusal("Expires: Thu, 01 Jan 2026 13:00:00 GMT\r\n") == "none");
    CHECK(refusal("") == "no-freshness");
    CHECK(refusal("ETag: \"a\"\r\n") == "no-freshness");
    CHECK(refusal("", "", ttl) == "none");
    CHECK(refusal("", "Cookie: session=1\r\n", ttl) == "cookie");
    CHECK(refusal("Cache-Control: max-age=5\r\n", "Cookie: session=1\r\n", ttl) == "none");
    for (const char* strict : {"Cache-Control: must-revalidate\r\n", "Cache-Control: proxy-revalidate\r\n"}) {
        CHECK(refusal(strict, "Cookie: session=1\r\n", ttl) == "cookie");  // says what then, and not when
        CHECK(refusal(strict, "", ttl) == "none");
    }
    CHECK(refusal("Cache-Control: must-revalidate\r\n", "", ttl, 200, true) == "authorization");
    CHECK(refusal("Cache-Control: no-store, max-age=60\r\n") == "no-store");
    CHECK(refusal("Cache-Control: private, max-age=60\r\n") == "private");
    CHECK(refusal("Cache-Control: max-age=60\r\n", "Cache-Control: no-store\r\n") == "request-no-store");
    CHECK(refusal("Cache-Control: max-age=60\r\nSet-Cookie: a=b\r\n") == "set-cookie");
    CHECK(refusal("Cache-Control: public, max-age=60\r\nSet-Cookie: a=b\r\n") == "set-cookie");
    CHECK(refusal("Cache-Control: max-age=60\r\nContent-Range: bytes 0-4/10\r\n") == "range");
    CHECK(refusal("Cache-Control: max-age=60\r\n", "Range: bytes=0-4\r\n") == "range");
    CHECK(refusal("Cache-Control: max-age=60\r\n", "", {}, 200, false, "HEAD") == "method");
    CHECK(refusal("Cache-Control: max-age=0\r\n") == "stale");
    CHECK(refusal("Cache-Control: max-age=0\r\nETag: \"a\"\r\n") == "none");
    CHECK(refusal("Cache-Control: no-cache\r\n") == "stale");
    CHECK(refusal("Cache-Control: no-cache\r\nLast-Modified: Thu, 01 Jan 2026 10:00:00 GMT\r\n") == "none");
    CHECK(refusal("Cache-Control: max-age=0, stale-while-revalidate=9\r\n") == "none");
}

TEST_CASE("a refusal is the request's, its kind's or the answer's") {
    CHECK(blame_for(Refusal::request, 200) == Blame::request);
    CHECK(blame_for(Refusal::part, 206) == Blame::request);
    CHECK(blame_for(Refusal::cookie, 200) == Blame::kind);
    CHECK(blame_for(Refusal::authorized, 200) == Blame::kind);
    for (const Refusal refusal : {Refusal::no_store, Refusal::for_one, Refusal::set_cookie, Refusal::silent}) {
        CHECK(blame_for(refusal, 200) == Blame::answer);
        CHECK(blame_for(refusal, 400) == Blame::request);
        CHECK(blame_for(refusal, 503) == Blame::request);
    }
}

TEST_CASE("a failure of the origin or of the way to it strikes all who wait, one of the leader himself nobody else") {
    const auto all = [](const problem::Failure& failure, Circumstances of = {}) { return strikes_all(failure, of); };
    CHECK(all(problem::connection_refused("")));
    CHECK(all(problem::connection_timeout("")));
    CHECK(all(problem::connection_terminated("")));
    CHECK(all(problem::circuit_open("", 1)));
    CHECK(all(problem::no_healthy_endpoint("", 1)));
    CHECK(all(problem::first_byte_timeout("1s")));
    CHECK(all(problem::total_timeout("1s"), {.total_spent = true}));
    CHECK_FALSE(all(problem::total_timeout("the caller's own grpc-timeout")));
    for (const auto& full : {problem::bulkhead_full(""), problem::queue_timeout("")}) {
        CHECK(all(full, {.backend_full = true}));
        CHECK_FALSE(all(full));
    }
    CHECK_FALSE(all(problem::credential_unavailable("", 1)));
    CHECK_FALSE(all(problem::credential_misconfigured("")));
    CHECK_FALSE(all(problem::loop_detected("adit")));
    CHECK_FALSE(all(problem::client_gone()));
    CHECK_FALSE(all(problem::access_denied("")));
    CHECK_FALSE(all(problem::connection_terminated(""), {.answered = true}));
}

TEST_CASE("RFC 9111 section 3.5: what was asked for with a credential is stored only where the origin allows it") {
    CHECK(refusal("Cache-Control: max-age=60\r\n", "", {}, 200, true) == "authorization");
    for (const char* allowing : {"public", "must-revalidate", "s-maxage=60"}) {
        CHECK(refusal("Cache-Control: max-age=60, " + std::string(allowing) + "\r\n", "", {}, 200, true) == "none");
    }
}

TEST_CASE("statuses: those of RFC 9110 by themselves, others when they say how long, listed ones alone") {
    config::Cache ttl;
    ttl.ttl = 60s;
    for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
        CHECK(refusal("", "", ttl, status) == "none");
    }
    for (const int status : {201, 302, 307, 400, 403, 500, 503}) {
        CHECK(refusal("", "", ttl, status) == "status");
        CHECK(refusal("Cache-Control: max-age=9\r\n", "", ttl, status) == "none");
    }
    CHECK(refusal("Cache-Control: max-age=9\r\n", "", ttl, 206) == "range");
    ttl.statuses = {200};
    CHECK(refusal("Cache-Control: max-age=9\r\n", "", ttl, 404) == "status");
    CHECK(refusal("Cache-Control: max-age=9, no-store, must-understand\r\n") == "none");
    CHECK(refusal("Cache-Control: max-age=9, must-understand\r\n", "", {}, 299) == "status");
}

TEST_CASE("what ends with its connection or is too large is not stored") {
    const auto by = request();
    config::Cache settings;
    settings.entry_bytes = 5;
    const auto told = [&](std::string_view length) {
        return refusal_to_store(*by, {}, {}, *answer("Cache-Control: max-age=9\r\n", 200, length), settings);
    };
    CHECK(told("") == Refusal::framing);
    CHECK(told("Content-Length: 5\r\n") == Refusal::none);
    CHECK(told("Content-Length: 6\r\n") == Refusal::size);
    CHECK(told("Transfer-Encoding: chunked\r\n") == Refusal::none);
}

TEST_CASE("lifetimes: s-maxage over max-age over Expires") {
    CHECK(lifetime("Cache-Control: max-age=60, s-maxage=10\r\nExpires: Thu, 01 Jan 2026 13:00:00 GMT\r\n") == 10s);
    CHECK(lifetime("Cache-Control: max-age=60\r\nExpires: Thu, 01 Jan 2026 13:00:00 GMT\r\n") == 60s);
    CHECK(lifetime("Date: Thu, 01 Jan 2026 12:00:00 GMT\r\nExpires: Thu, 01 Jan 2026 13:00:00 GMT\r\n") == 1h);
    CHECK(lifetime("Date: Thu, 01 Jan 2026 12:30:00 GMT\r\nExpires: Thursday, 01-Jan-26 13:00:00 GMT\r\n") == 30min);
    CHECK(lifetime("Expires: Thu Jan  1 13:00:00 2026\r\n") == 1h);
    CHECK(lifetime("Expires: 0\r\n") == 0s);
    CHECK(lifetime("Date: Thu, 01 Jan 2026 12:00:00 GMT\r\nExpires: Thu, 01 Jan 2026 11:00:00 GMT\r\n") == 0s);
    CHECK(lifetime("") == -1ms);
}

TEST_CASE("dates in all three forms, and what is none") {
    const WallTime then = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s;
    CHECK(http::parse_date("Sun, 06 Nov 1994 08:49:37 GMT") == then);
    CHECK(http::parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kWall) == then);
    CHECK(http::parse_date("Sun Nov  6 08:49:37 1994") == then);
    CHECK(http::format_date(then) == "Sun, 06 Nov 1994 08:49:37 GMT");
    for (const char* none : {"", "0", "-1", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 32 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                             "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 19-4 08:49:37 GMT"}) {
        CHECK_FALSE(http::parse_date(none));
    }
    CHECK(lifetime("Expires: Fri, 31 Dec 9999 23:59:59 GMT\r\n") > 24h * 365 * 100);
    CHECK(lifetime("Expires: Mon, 01 Jan 0001 00:00:00 GMT\r\n") == 0s);
}

TEST_CASE("ages come from Age, Date and the time that the answer took, whichever says most") {
    CHECK(age("") == 0ms);
    CHECK(age("", 300ms) == 300ms);
    CHECK(age("Age: 30\r\n", 300ms) == 30'300ms);
    CHECK(age("Age: 30, 40\r\n") == 30s);
    CHECK(age("Age: soon\r\n") == 0s);
    CHECK(age("Date: Thu, 01 Jan 2026 11:59:00 GMT\r\n") == 59'001ms);
    CHECK(age("Date: Thu, 01 Jan 2026 11:59:59 GMT\r\n") == 1ms);
    CHECK(age("Date: Thu, 01 Jan 2026 12:59:00 GMT\r\n") == 0s);
    CHECK(age("Date: Thu, 01 Jan 2026 11:59:00 GMT\r\nAge: 90\r\n") == 90s);
}

TEST_CASE("a fresh answer is used, unless the request wants something else") {
    const auto stored = entry("Cache-Control: max-age=60\r\n");
    CHECK(use(*stored, "", 59s) == Use::serve);
    CHECK(use(*stored, "", 60s) == Use::validate_stale);
    CHECK(use(*stored, "Cache-Control: no-cache\r\n", 1s) == Use::validate_wish);
    CHECK(use(*stored, "Pragma: no-cache\r\n", 1s) == Use::validate_wish);
    CHECK(use(*stored, "Cache-Control: max-age=10\r\n", 10s) == Use::serve);
    CHECK(use(*stored, "Cache-Control: max-age=10\r\n", 11s) == Use::validate_wish);
    CHECK(use(*stored, "Cache-Control: min-fresh=10\r\n", 50s) == Use::serve);
    CHECK(use(*stored, "Cache-Control: min-fresh=10\r\n", 51s) == Use::validate_wish);
    CHECK(use(*entry("Cache-Control: max-age=60, no-cache\r\nETag: \"a\"\r\n"), "", 1s) == Use::validate_stale);
}

TEST_CASE("a stale answer is used where the client takes it and the origin does not forbid it") {
    const auto stored = entry("Cache-Control: max-age=60\r\n");
    CHECK(use(*stored, "Cache-Control: max-stale\r\n", 1h) == Use::serve);
    CHECK(use(*stored, "Cache-Control: max-stale=10\r\n", 70s) == Use::serve);
    CHECK(use(*stored, "Cache-Control: max-stale=10\r\n", 71s) == Use::validate_stale);
    for (const char* strict : {"must-revalidate", "proxy-revalidate", "s-maxage=60"}) {
        const auto one = entry("Cache-Control: max-age=60, " + std::string(strict) + "\r\n");
        CHECK(use(*one, "Cache-Control: max-stale\r\n", 61s) == Use::validate_stale);
    }
}

TEST_CASE("RFC 5861: stale while somebody asks anew, as the answer says or else the configuration") {
    config::Cache settings;
    settings.stale_while_revalidate = 5s;
    const auto silent = entry("Cache-Control: max-age=60\r\n");
    CHECK(use(*silent, "", 61s) == Use::validate_stale);
    CHECK(use(*silent, "", 64s, settings) == Use::serve_and_revalidate);
    CHECK(use(*silent, "", 65s, settings) == Use::validate_stale);
    const auto says = entry("Cache-Control: max-age=60, stale-while-revalidate=20\r\n");
    CHECK(use(*says, "", 79s, settings) == Use::serve_and_revalidate);
    CHECK(use(*says, "", 80s, settings) == Use::validate_stale);
    CHECK(use(*says, "Cache-Control: max-age=90\r\n", 61s, settings) == Use::validate_stale);
    const auto strict = entry("Cache-Control: max-age=60, must-revalidate, stale-while-revalidate=20\r\n");
    CHECK(use(*strict, "", 61s, settings) == Use::validate_stale);
    CHECK(use(*entry("Cache-Control: s-maxage=60\r\n"), "", 61s, settings) == Use::validate_stale);
    CHECK(use(*entry("Cache-Control: s-maxage=60, stale-while-revalidate=9\r\n"), "", 61s) ==
          Use::serve_and_revalidate);
}

TEST_CASE("RFC 5861: stale instead of an error, within bounds, and never against must-revalidate or no-cache") {
    config::Cache settings;
    settings.stale_if_error = 1min;
    const auto silent = entry("Cache-Control: max-age=60\r\n");
    CHECK_FALSE(rescues(*silent, "", 61s));
    CHECK(rescues(*silent, "", 119s, settings));
    CHECK_FALSE(rescues(*silent, "", 120s, settings));
    CHECK(rescues(*silent, "Cache-Control: stale-if-error=600\r\n", 300s));
    CHECK_FALSE(rescues(*silent, "Cache-Control: no-cache\r\n", 61s, settings));
    const auto says = entry("Cache-Control: max-age=60, stale-if-error=10\r\n");
    CHECK(rescues(*says, "", 69s));
    CHECK_FALSE(rescues(*says, "", 71s, settings));
    for (const char* strict : {"must-revalidate", "proxy-revalidate", "no-cache"}) {
        const std::string fields = "Cache-Control: max-age=60, stale-if-error=99, " + std::string(strict);
        CHECK_FALSE(rescues(*entry(fields + "\r\nETag: \"a\"\r\n"), "", 61s, settings));
    }
    CHECK_FALSE(rescues(*entry("Cache-Control: s-maxage=60\r\n"), "", 61s, settings));
    CHECK(rescues(*entry("Cache-Control: s-maxage=60, stale-if-error=99\r\n"), "", 61s));
}

TEST_CASE("conditions of clients are answered from what is stored") {
    const auto stored = entry(
        "Cache-Control: max-age=60\r\nETag: \"a,b\"\r\n"
        "Last-Modified: Thu, 01 Jan 2026 10:00:00 GMT\r\n");
    const auto same = [&](std::string_view fields) { return not_modified(*stored, *request(fields)); };
    CHECK_FALSE(same(""));
    CHECK(same("If-None-Match: \"a,b\"\r\n"));
    CHECK(same("If-None-Match: W/\"a,b\"\r\n"));
    CHECK(same("If-None-Match: \"x\", W/\"y\" , \"a,b\"\r\n"));
    CHECK(same("If-None-Match: *\r\n"));
    CHECK_FALSE(same("If-None-Match: \"a\"\r\n"));
    CHECK_FALSE(same("If-None-Match: a,b\r\n"));
    CHECK(same("If-Modified-Since: Thu, 01 Jan 2026 10:00:00 GMT\r\n"));
    CHECK_FALSE(same("If-Modified-Since: Thu, 01 Jan 2026 09:59:59 GMT\r\n"));
    CHECK_FALSE(same("If-None-Match: \"x\"\r\nIf-Modified-Since: Thu, 01 Jan 2026 10:00:00 GMT\r\n"));
    CHECK(has_foreign_conditions(*request("If-Match: \"a\"\r\n")));
    CHECK(has_foreign_conditions(*request("If-Range: \"a\"\r\n")));
    CHECK_FALSE(has_foreign_conditions(*request("If-None-Match: \"a\"\r\n")));
}

TEST_CASE("Vary: what selects, and what no other request can be answered with") {
    const auto by = request("Accept: a/b\r\nAccept-Language: de\r\nAccept-Language:  fr\r\n");
    const auto selected = [&](std::string_view vary) {
        return selecting_fields(*answer("Vary: " + std::string(vary) + "\r\n"), *by);
    };
    CHECK_FALSE(selected("*"));
    CHECK_FALSE(selected("Accept, *"));
    CHECK_FALSE(selected("X-Forwarded-For"));
    CHECK_FALSE(selected("X-Request-Id"));
    const auto fields = selected("accept-language, ACCEPT, Accept, Accept-Encoding");
    REQUIRE(fields);
    CHECK(fields->size() == 3);
    CHECK(selects(*fields, *by));
    CHECK(selects(*fields, *request("Accept-Language: de, fr\r\nAccept: a/b\r\n")));
    CHECK_FALSE(selects(*fields, *request("Accept-Language: fr, de\r\nAccept: a/b\r\n")));
    CHECK_FALSE(selects(*fields, *request("Accept-Language: de, fr\r\nAccept: a/b\r\nAccept-Encoding: gzip\r\n")));
    CHECK_FALSE(selects(*fields, *request("Accept: a/b\r\n")));
}

TEST_CASE("Vary: what stays behind on the way to the origin has not selected") {
    const auto vary = answer("Vary: X-Lang, Accept\r\n");
    const auto named = request("Connection: x-lang\r\nX-Lang: de\r\nAccept: a/b\r\n");
    const auto stored = selecting_fields(*vary, *named);
    REQUIRE(stored);
    CHECK(selects(*stored, *named));
    CHECK(selects(*stored, *request("Accept: a/b\r\n")));
    CHECK_FALSE(selects(*stored, *request("X-Lang: de\r\nAccept: a/b\r\n")));
    const auto of_german = selecting_fields(*vary, *request("X-Lang: de\r\nAccept: a/b\r\n"));
    CHECK_FALSE(selects(*of_german, *named));
    // what we write ourselves, and what told us who calls
    const std::vector<std::string> reserved{"x-lang"};
    const auto german = request("X-Lang: de\r\nAccept: a/b\r\n");
    CHECK(selects(*stored, Shown(*german, reserved)));
    german->fields[1].known = http::Known::credential;
    CHECK(selects(*stored, Shown(*german)));
    CHECK_FALSE(selects(*stored, Shown(*german, {}, true)));
    for (const char* ours : {"X-Adit-Consumer", "grpc-timeout", "TE"}) {
        CHECK_FALSE(selecting_fields(*answer("Vary: " + std::string(ours) + "\r\n"), *german));
    }
}

TEST_CASE("an entry counts what selects it, and keeps nobody's cookie") {
    const std::string long_value(5000, 'x');
    const auto by = "Accept: " + long_value + "\r\n";
    CHECK(entry("Vary: Accept\r\n", "b", by)->size() >= entry("Vary: Accept\r\n", "b")->size() + long_value.size());
    const auto stored = entry("Cache-Control: max-age=60\r\nETag: \"a\"\r\n");
    const auto unchanged = answer("ETag: \"a\"\r\nSet-Cookie: session=1\r\n", 304, "");
    const Entry renewed(*stored, *unchanged, {}, at(1s), 0ms);
    http::ResponseHead head;
    renewed.describe(head, false);
    CHECK(head.find("set-cookie") == nullptr);
}
