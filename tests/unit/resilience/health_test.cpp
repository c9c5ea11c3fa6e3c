// Verdicts of active checks.
#include "connector/resilience/health.h"

#include <doctest/doctest.h>

using namespace adit::resilience;

TEST_CASE("so many failures in a row make an endpoint unhealthy, so many successes healthy again") {
    HealthTally tally(3, 2, Health::healthy);
    CHECK(tally.record(false) == Health::healthy);
    CHECK(tally.record(false) == Health::healthy);
    CHECK(tally.record(false) == Health::unhealthy);
    CHECK(tally.record(true) == Health::unhealthy);
    CHECK(tally.record(false) == Health::unhealthy);
    CHECK(tally.record(true) == Health::unhealthy);
    CHECK(tally.record(true) == Health::healthy);
}

TEST_CASE("an endpoint that flaps below the threshold stays what it was") {
    HealthTally tally(2, 2, Health::healthy);
    for (int i = 0; i < 20; ++i) {
        CHECK(tally.record(i % 2 == 0) == Health::healthy);
    }
}

TEST_CASE("a first good result is enough while nothing is known, a first failure is not") {
    HealthTally good(3, 2, Health::unknown);
    CHECK(good.record(true) == Health::healthy);
    HealthTally bad(2, 2, Health::unknown);
    CHECK(bad.record(false) == Health::unknown);
    CHECK(bad.record(false) == Health::unhealthy);
}
