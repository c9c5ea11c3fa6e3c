// Refusals that are remembered: for whom they stand, and what ends them.
#include "connector/state/refusal.h"

#include <doctest/doctest.h>

using namespace adit::resilience;
using namespace std::chrono_literals;
using adit::state::Refusal;
using Result = LimitVerdict::Result;

namespace {

const Refusal::Time kNow{1h};

LimitVerdict refusal(std::chrono::nanoseconds retry_after, Result result = Result::refused) {
    return {.result = result, .ban_begins = result == Result::banned, .reset = 10s, .retry_after = retry_after};
}

}  // namespace

TEST_CASE("a refusal stands for as much and more, for a second at most, and its times go on") {
    Refusal refused;
    CHECK_FALSE(refused.of({.cost = 100}, kNow));
    refused.refused({.cost = 10}, refusal(30s), kNow);
    const auto later = refused.of({.cost = 11}, kNow + 400ms);
    REQUIRE(later);
    CHECK(later->result == Result::refused);
    CHECK(later->retry_after == 29'600ms);
    CHECK(later->reset == 9'600ms);
    CHECK_FALSE(refused.of({.cost = 9}, kNow));
    CHECK_FALSE(refused.of({.cost = 10}, kNow + 1s));
    CHECK(refused.over(kNow + 1s));
    refused.refused({.cost = 10}, refusal(300ms), kNow);
    CHECK_FALSE(refused.of({.cost = 10}, kNow + 300ms));
}

TEST_CASE("a cheap request that is allowed does not let the dear ones pass") {
    Refusal refused;
    refused.refused({.cost = 100}, refusal(30s), kNow);
    refused.allowed({.cost = 1});
    const auto dear = refused.of({.cost = 100}, kNow + 1ms);
    REQUIRE(dear);
    CHECK(dear->result == Result::refused);
    refused.allowed({.cost = 100});
    CHECK_FALSE(refused.of({.cost = 100}, kNow + 1ms));
}

TEST_CASE("what was refused of a part of the limits says nothing of the whole") {
    Refusal refused;
    refused.refused({.cost = 1, .share = 500}, refusal(30s), kNow);
    CHECK_FALSE(refused.of({.cost = 1}, kNow));
    CHECK(refused.of({.cost = 1, .share = 400}, kNow));
    refused.allowed({.cost = 1});  // of the whole
    CHECK(refused.of({.cost = 1, .share = 500}, kNow));
}

TEST_CASE("a ban stands for everything, and begins once") {
    Refusal refused;
    refused.refused({.cost = 100}, refusal(30min, Result::banned), kNow);
    const auto next = refused.of({.cost = 1}, kNow + 1ms);
    REQUIRE(next);
    CHECK(next->result == Result::banned);
    CHECK_FALSE(next->ban_begins);
}

TEST_CASE("refusals that count towards a ban are not kept, the ban is") {
    const Limits banning{.windows = {}, .ban_after = 3, .ban_for = 1min};
    CHECK(Refusal::is_kept(refusal(1s), {}));
    CHECK_FALSE(Refusal::is_kept(refusal(1s), banning));
    CHECK(Refusal::is_kept(refusal(1s, Result::banned), banning));
    CHECK_FALSE(Refusal::is_kept({}, {}));
}
