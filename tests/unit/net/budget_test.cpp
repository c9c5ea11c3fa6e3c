// What a peer may ask for nothing: so much at once, so much a second.
#include <doctest/doctest.h>

#include "common/net/budget.h"

using namespace adit::net;
using namespace std::chrono_literals;

TEST_CASE("a budget is spent to its end and grows with time, up to what it was") {
    Time now{};
    Budget budget(3, 10, now);
    for (int i = 0; i < 3; ++i) {
        CHECK(budget.spend(now));
    }
    CHECK_FALSE(budget.spend(now));
    CHECK_FALSE(budget.spend(now + 99ms));
    CHECK(budget.spend(now + 100ms));
    CHECK_FALSE(budget.spend(now + 199ms));
    now += 1h;
    for (int i = 0; i < 3; ++i) {
        CHECK(budget.spend(now));
    }
    CHECK_FALSE(budget.spend(now));
}

TEST_CASE("what is earned can be spent, but nothing beyond the most is kept") {
    const Time now{};
    Budget budget(2, 1, now);
    CHECK(budget.spend(now));
    budget.earn(100);
    CHECK(budget.spend(now));
    CHECK(budget.spend(now));
    CHECK_FALSE(budget.spend(now));
}
