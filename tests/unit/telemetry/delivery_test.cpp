// What a collector's answer means.
#include "connector/telemetry/delivery.h"

#include <doctest/doctest.h>

using namespace adit;
using namespace telemetry;
using namespace std::chrono_literals;

TEST_CASE("an answer is taken, taken later, or never") {
    for (const int status : {200, 202, 204}) {
        CHECK(judge(status) == Verdict::delivered);
    }
    for (const int status : {0, 408, 429, 500, 502, 503, 504}) {
        CHECK(judge(status) == Verdict::again);
    }
    for (const int status : {301, 400, 401, 403, 404, 413, 422}) {
        CHECK(judge(status) == Verdict::refused);
    }
}

TEST_CASE("Retry-After is seconds or a date, within bounds") {
    const WallTime now = parse_time("1994-11-06T08:49:00Z").value();
    CHECK(retry_after("7", now) == 7s);
    CHECK(retry_after("0", now) == 0s);
    CHECK(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 37s);
    CHECK(retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now) == 0s);
    CHECK(retry_after("86400", now) == 300s);
    for (const char* nonsense : {"", "soon", "7 s", "-5", "99999999999999999999", "Sun, 06 Nov 1994"}) {
        CHECK(retry_after(nonsense, now) == 0s);
    }
}
