// What may be sent again, after what pause, within which budget; when a second try may run beside a first one.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <thread>
#include <vector>

#include "connector/resilience/hedge.h"
#include "connector/resilience/retry_budget.h"
#include "connector/resilience/retry_rules.h"

using namespace adit::resilience;
using namespace std::chrono_literals;
using adit::config::Conditions;
using adit::config::Retry;
using adit::config::Timeouts;
using End = Outcome::End;
using How = NextStep::How;

namespace {

Retry of_attempts(std::uint32_t attempts) {
    Retry retry;
    retry.attempts = attempts;
    return retry;
}
const Retry kRetry = of_attempts(3);
constexpr Repeatable kGet{.idempotent = true};
constexpr Repeatable kPost{};
constexpr Progress kFirst{.tries = 1};

Ending answered(int status, int grpc = -1) {
    return {.outcome = {.end = End::answered, .status = status, .grpc = grpc}};
}
Ending ended(End end) {
    return {.outcome = {.end = end}};
}
const Ending kRefused{.outcome = {.end = End::connect_failure}, .not_sent = true, .final_here = true};
const Ending kRefusedStream{.outcome = {.end = End::refused_stream}, .not_sent = true};
const Ending kClosedWhenKept{.outcome = {.end = End::reset}, .kept = true};

NextStep step(const Retry* retry, const Repeatable& request, const Ending& ending, const Progress& progress = kFirst) {
    return next_step(retry, request, ending, progress);
}
constexpr NextStep kAgain{How::try_again, Declined::may};
constexpr NextStep kPassOn{How::pass_on, Declined::may};
constexpr NextStep declined(Declined why) {
    return {How::stop, why};
}

}  // namespace

TEST_CASE("nothing configured: only what has cost an origin nothing goes elsewhere") {
    CHECK(step(nullptr, kPost, kRefused, {.tries = 1, .untried_endpoint = true}) == kPassOn);
    CHECK(step(nullptr, kPost, kRefused) == declined(Declined::not_listed));
    CHECK(step(nullptr, kPost, kRefusedStream) == kPassOn);
    CHECK(step(nullptr, kPost, kRefusedStream, {.tries = 3}) == declined(Declined::not_listed));
    CHECK(step(nullptr, kGet, answered(503)) == declined(Declined::not_listed));
    CHECK(step(nullptr, kGet, ended(End::reset)) == declined(Declined::not_listed));
}

TEST_CASE("a kept connection that closed is replaced once, for what may arrive twice") {
    CHECK(step(nullptr, kGet, kClosedWhenKept) == kPassOn);
    CHECK(step(nullptr, kGet, kClosedWhenKept, {.tries = 2, .passed_on_kept = true}) == declined(Declined::not_listed));
    CHECK(step(nullptr, kPost, kClosedWhenKept) == declined(Declined::not_safe));
    CHECK(step(&kRetry, kGet, kClosedWhenKept, {.tries = 2, .passed_on_kept = true}) == kAgain);
}

TEST_CASE("the matrix: what may be sent again, by any method and by idempotent ones") {
    const std::vector<std::tuple<Ending, NextStep, NextStep>> rows{
        {kRefused, kAgain, kAgain},
        {kRefusedStream, kPassOn, kPassOn},
        {ended(End::reset), declined(Declined::not_safe), kAgain},
        {answered(502), declined(Declined::not_safe), kAgain},
        {answered(503), declined(Declined::not_safe), kAgain},
        {answered(504), declined(Declined::not_safe), kAgain},
        {ended(End::timeout), declined(Declined::not_safe), kAgain},  // a client sees 504
        {answered(500), declined(Declined::not_listed), declined(Declined::not_listed)},
        {answered(429), declined(Declined::not_listed), declined(Declined::not_listed)},
        {ended(End::malformed), declined(Declined::not_listed), declined(Declined::not_listed)},
        {ended(End::neutral), declined(Declined::not_listed), declined(Declined::not_listed)},
        {answered(200, 14), declined(Declined::not_safe), kAgain},
    };
    for (const auto& [ending, post, get] : rows) {
        CAPTURE(describe(ending.outcome));
        CHECK(step(&kRetry, kPost, ending) == post);
        CHECK(step(&kRetry, kGet, ending) == get);
    }
}

TEST_CASE("an origin, or the configuration, may say that a request was not acted on") {
    Retry retry = kRetry;
    retry.on = {.retriable_header = true, .statuses = {{425, 425}}, .grpc = {14}, .said = true};
    Ending marked = answered(503);
    marked.outcome.retriable_header = true;
    CHECK(step(&retry, kPost, marked) == kAgain);
    CHECK(step(&retry, kPost, answered(425)) == kAgain);
    CHECK(step(&retry, kPost, answered(200, 14)) == kAgain);
    CHECK(step(&retry, kPost, answered(200, 13)) == declined(Declined::not_listed));
}

TEST_CASE("never after a byte of an answer, nor without a part of the body") {
    for (const Ending& ending : {kRefused, kRefusedStream, kClosedWhenKept, answered(503)}) {
        CHECK(step(&kRetry, {.idempotent = true, .answer_begun = true}, ending) == declined(Declined::answer_begun));
        CHECK(step(&kRetry, {.idempotent = true, .body_here = false}, ending) == declined(Declined::body_gone));
    }
    CHECK(step(&kRetry, {.idempotent = true, .switches = true}, answered(503)) == declined(Declined::not_safe));
    CHECK(step(&kRetry, {.idempotent = true, .switches = true}, kRefused) == kAgain);
}

TEST_CASE("attempts are all tries of a request; another connector's retries leave none to us") {
    CHECK(step(&kRetry, kGet, answered(503), {.tries = 2}) == kAgain);
    CHECK(step(&kRetry, kGet, answered(503), {.tries = 3}) == declined(Declined::attempts_used));
    CHECK(step(&kRetry, kGet, answered(503), {.tries = 1, .another_retries = true}) ==
          declined(Declined::another_retries));
    CHECK(step(&kRetry, kGet, kRefused, {.tries = 3, .untried_endpoint = true, .another_retries = true}) == kPassOn);
}

TEST_CASE("pauses double up to their most, with full jitter, and the first one elsewhere is short") {
    const auto pause = [](std::uint32_t retry, bool elsewhere, double uniform) {
        return *pause_before(kRetry, {}, retry, elsewhere, 1h, uniform);
    };
    CHECK(pause(1, false, 0) == 0ms);
    CHECK(pause(1, false, 0.999) == 49ms);
    CHECK(pause(1, true, 0.999) == 24ms);
    CHECK(pause(2, true, 0.5) == 50ms);
    CHECK(pause(3, false, 0.5) == 100ms);
    CHECK(pause(5, false, 0.5) == 400ms);
    CHECK(pause(6, false, 0.5) == 500ms);
    CHECK(pause(1000, false, 0.5) == 500ms);
}

TEST_CASE("a Retry-After is waited for, a little longer, unless it is too long") {
    const auto pause = [](std::chrono::milliseconds asked, std::chrono::milliseconds left, double uniform) {
        return pause_before(kRetry, {.end = End::answered, .status = 503, .retry_after = asked}, 1, true, left,
                            uniform);
    };
    CHECK(pause(1s, 1h, 0) == 1s);
    CHECK(pause(1s, 1h, 0.5) == 1250ms);
    CHECK(pause(2s, 1h, 0) == 2s);
    CHECK_FALSE(pause(3s, 1h, 0));
    CHECK_FALSE(pause(1s, 500ms, 0));
}

TEST_CASE("a try has its even share of the total where there may be several") {
    const Timeouts total{.total = 15s};
    CHECK(per_try(total, &kRetry) == 5s);
    CHECK(per_try({.total = 60s}, &kRetry) == 10s);
    CHECK(per_try({.total = 0s}, &kRetry) == 0s);
    CHECK(per_try(total, nullptr) == 0s);
    const Retry once = of_attempts(1);
    CHECK(per_try(total, &once) == 0s);
    CHECK(per_try({.per_try = 3s, .total = 15s}, nullptr) == 3s);
}

TEST_CASE("a budget always has its floor, and a share of what is in progress beyond it") {
    RetryBudget budget({.percent = 20, .floor = 3});
    std::vector<RetryPlace> places;
    for (int i = 0; i < 3; ++i) {
        places.push_back(budget.take(false));
        CHECK(places.back());
    }
    CHECK_FALSE(budget.take(false));
    std::deque<ActiveRequest> active;
    for (int i = 0; i < 20; ++i) {
        active.emplace_back(&budget);
    }
    places.push_back(budget.take(false));
    CHECK(places.back());
    CHECK_FALSE(budget.take(false));
    CHECK(budget.still_holds());
    active.clear();
    CHECK_FALSE(budget.still_holds());  // what was decided on while there was more going on
    places.clear();
    CHECK(budget.retries() == 0);
}

TEST_CASE("failures spend tokens until there are no retries; successes earn them back") {
    RetryBudget budget({.percent = 20, .floor = 3});
    int taken = 0;
    while (budget.take(false)) {
        ++taken;
    }
    CHECK(taken == 20);
    for (int i = 0; i < 4; ++i) {
        budget.earned();
    }
    CHECK_FALSE(budget.take(false));
    budget.earned();
    {
        RetryPlace place = budget.take(false);
        CHECK(place);
        place.succeeded();
    }
    CHECK(budget.tokens() == 5);
    CHECK_FALSE(budget.take(true));  // a timeout costs twice as much
    CHECK(budget.take(false));
}

TEST_CASE("a hundred percent is no budget, and a higher floor has more tokens") {
    RetryBudget all({.percent = 100, .floor = 0});
    RetryBudget high({.percent = 0, .floor = 30});
    for (int i = 0; i < 200; ++i) {
        CHECK(all.take(true));
        CHECK(high.take(false));
    }
    CHECK_FALSE(high.take(false));
}

TEST_CASE("property: a budget is never exceeded, whatever comes in whatever order") {
    CHECK(rc::check([] {
        const auto percent = *rc::gen::inRange(0U, 100U);
        const auto floor = *rc::gen::inRange(0U, 10U);
        RetryBudget budget({.percent = percent, .floor = floor});
        std::deque<ActiveRequest> active;
        std::deque<RetryPlace> places;
        std::int64_t tokens = budget.tokens();
        const std::int64_t most_tokens = tokens;
        for (const int event : *rc::gen::container<std::vector<int>>(300, rc::gen::inRange(0, 6))) {
            if (event == 0) {
                active.emplace_back(&budget);
            } else if (event == 1 && !active.empty()) {
                active.pop_front();
            } else if (event == 2 && !places.empty()) {
                places.pop_front();
            } else if (event == 3) {
                budget.earned();
                tokens = std::min(most_tokens, tokens + 1);
            } else {
                const std::size_t most = std::max<std::size_t>(floor, active.size() * percent / 100);
                const int cost = event == 5 ? 10 : 5;
                RetryPlace place = budget.take(event == 5);
                RC_ASSERT(static_cast<bool>(place) == (places.size() < most && tokens >= cost));
                if (place) {
                    tokens -= cost;
                    places.push_back(std::move(place));
                }
            }
            RC_ASSERT(budget.retries() == places.size());
            RC_ASSERT(budget.tokens() == tokens);
        }
    }));
}

TEST_CASE("two threads do not get the same last place") {
    RetryBudget budget({.percent = 0, .floor = 5});
    std::atomic<int> most = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int turn = 0; turn < 2000; ++turn) {
                RetryPlace place = budget.take(false);
                if (place) {
                    int seen = most.load();
                    const int now = static_cast<int>(budget.retries());
                    while (seen < now && !most.compare_exchange_weak(seen, now)) {
                    }
                    place.succeeded();
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(most <= 5);
    CHECK(budget.retries() == 0);
}

TEST_CASE("a hedge waits for the quantile of what was seen lately, and knows nothing at first") {
    Hedging hedging({.quantile = 95});
    CHECK_FALSE(hedging.begin());
    for (int i = 1; i <= 100; ++i) {
        hedging.record(std::chrono::milliseconds(i));
    }
    const auto after = hedging.begin();
    REQUIRE(after);
    CHECK(*after >= 90ms);
    CHECK(*after <= 97ms);
    for (int i = 0; i < 128; ++i) {
        hedging.record(5ms);
    }
    CHECK(hedging.begin() == 5ms);
    CHECK(Hedging({.after = 30ms}).begin() == 30ms);
}

TEST_CASE("property: hedges are no more than their share, but for a burst") {
    CHECK(rc::check([] {
        const auto percent = *rc::gen::inRange(1U, 101U);
        Hedging hedging({.after = 1ms, .percent = percent});
        std::size_t requests = 0;
        std::size_t hedges = 0;
        for (const bool hedge : *rc::gen::container<std::vector<bool>>(500, rc::gen::arbitrary<bool>())) {
            hedging.begin();
            ++requests;
            hedges += hedge && hedging.take() ? 1 : 0;
            RC_ASSERT(hedges <= static_cast<std::size_t>(Hedging::kBurst) + requests * percent / 100);
        }
    }));
}
