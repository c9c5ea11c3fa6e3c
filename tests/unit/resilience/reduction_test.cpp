// Doing with less: when it begins, how long it is held, and what an operator's word does.
#include "connector/resilience/reduction.h"

#include <doctest/doctest.h>

using namespace adit;
using namespace adit::resilience;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{std::chrono::hours(1)};
constexpr config::Degrade kSettings{.automatic = true, .hold = 30s};

}  // namespace

TEST_CASE("stress has to stand for a moment before functionality is reduced") {
    Reduction reduction(kSettings);
    CHECK_FALSE(reduction.look("pay", kStart));
    CHECK_FALSE(reduction.look("", kStart + 50ms));
    CHECK_FALSE(reduction.look("pay", kStart + 60ms));
    CHECK_FALSE(reduction.look("pay", kStart + 150ms));
    const auto change = reduction.look("pay", kStart + 160ms);
    REQUIRE(change);
    CHECK(change->reduced);
    CHECK(change->why == "pay");
    CHECK(reduction.reduced());
}

TEST_CASE("it is held after the last stress, however often that comes back") {
    Reduction reduction(kSettings);
    reduction.look("pay", kStart);
    reduction.look("pay", kStart + 1s);
    CHECK_FALSE(reduction.look("", kStart + 2s));
    CHECK_FALSE(reduction.look("", kStart + 30s));
    CHECK_FALSE(reduction.look("pay", kStart + 30s));
    CHECK(reduction.retry_after(kStart + 40s) == 20s);
    CHECK_FALSE(reduction.look("", kStart + 59s));
    CHECK(reduction.reduced());
    const auto change = reduction.look("", kStart + 60s);
    REQUIRE(change);
    CHECK_FALSE(change->reduced);
    CHECK(reduction.standing().why.empty());
}

TEST_CASE("an operator's word counts whatever backends do") {
    Reduction reduction(kSettings);
    CHECK(reduction.would_reduce(Reduction::Switch::on, kStart));
    CHECK_FALSE(reduction.would_reduce(Reduction::Switch::automatic, kStart));
    CHECK(reduction.set(Reduction::Switch::on, kStart)->reduced);
    CHECK_FALSE(reduction.look("", kStart + 1h));
    CHECK(reduction.reduced());
    CHECK_FALSE(reduction.set(Reduction::Switch::off, kStart + 1h)->reduced);
    CHECK_FALSE(reduction.look("pay", kStart + 2h));
    CHECK_FALSE(reduction.look("pay", kStart + 3h));
    CHECK_FALSE(reduction.reduced());
    CHECK(reduction.set(Reduction::Switch::automatic, kStart + 3h)->reduced);
}

TEST_CASE("by itself it begins only where that is configured") {
    Reduction reduction({.automatic = false, .hold = 30s});
    reduction.look("pay", kStart);
    CHECK_FALSE(reduction.look("pay", kStart + 1s));
    CHECK(reduction.set(Reduction::Switch::on, kStart + 1s)->reduced);
}
