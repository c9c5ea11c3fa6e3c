// One worker's choices: shares, stickiness, who comes after whom, and what others' news change.
#include "connector/backend/spread.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>

using namespace adit::backend;
using namespace std::chrono_literals;
using adit::Random;
using adit::config::Balance;
using adit::resilience::Outcome;
using adit::resilience::stable_hash;

namespace {

struct Bench {
    explicit Bench(std::size_t count, Roster::Terms terms = {}, std::vector<std::uint32_t> weights = {}) {
        std::vector<Roster::Member> members;
        for (std::size_t i = 0; i < count; ++i) {
            members.push_back({.url = "http://10.0.0." + std::to_string(i),
                               .weight = weights.empty() ? 1 : weights[i],
                               .vitals = std::make_shared<Vitals>(Vitals::Time())});
        }
        roster = std::make_shared<Roster>(std::move(terms), std::move(members));
        spread.emplace(roster, Random(42));
    }
    std::uint32_t first(std::optional<std::uint64_t> key = std::nullopt) {
        return spread->pick(spread->draw(key), {}, true, now).value_or(99);
    }
    std::map<std::uint32_t, int> many(int count) {
        std::map<std::uint32_t, int> got;
        for (int i = 0; i < count; ++i) {
            ++got[first()];
        }
        return got;
    }
    const Roster::Member& member(std::size_t i) { return roster->members()[i]; }

    adit::resilience::Time now{1000s};
    std::shared_ptr<Roster> roster;
    std::optional<Spread> spread;
};

Roster::Terms by(Balance::By by) {
    return {.balance = {.by = by}};
}

}  // namespace

TEST_CASE("each in turn, and by weight without bursts") {
    Bench even(3, by(Balance::By::round_robin));
    CHECK(even.many(30) == std::map<std::uint32_t, int>{{0, 10}, {1, 10}, {2, 10}});
    Bench weighted(3, by(Balance::By::round_robin), {5, 1, 1});
    CHECK(weighted.many(70) == std::map<std::uint32_t, int>{{0, 50}, {1, 10}, {2, 10}});
    int row = 0;
    int longest = 0;
    for (int i = 0; i < 70; ++i) {
        row = weighted.first() == 0 ? row + 1 : 0;
        longest = std::max(longest, row);
    }
    CHECK(longest <= 5);
}

TEST_CASE("idle endpoints are drawn by weight, by least request too") {
    for (const auto how : {Balance::By::random, Balance::By::least_request}) {
        Bench bench(2, by(how), {3, 1});
        const auto got = bench.many(4000);
        CHECK(got.at(0) > 2700);
        CHECK(got.at(0) < 3300);
    }
}

TEST_CASE("least request keeps endpoints evenly busy, and by weight") {
    Bench bench(10);
    std::vector<InFlight> busy;
    for (int i = 0; i < 1000; ++i) {
        busy.emplace_back(bench.member(bench.first()).vitals);
    }
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(bench.member(i).vitals->in_flight() > 90);
        CHECK(bench.member(i).vitals->in_flight() < 110);
    }
    Bench weighted(2, {}, {1, 4});
    std::vector<InFlight> held;
    for (int i = 0; i < 500; ++i) {
        held.emplace_back(weighted.member(weighted.first()).vitals);
    }
    CHECK(weighted.member(1).vitals->in_flight() > 370);
    CHECK(weighted.member(1).vitals->in_flight() < 430);
}

TEST_CASE("an endpoint that hangs gets next to nothing") {
    Bench bench(5);
    std::vector<InFlight> stuck(50);
    for (InFlight& one : stuck) {
        one = InFlight(bench.member(2).vitals);
    }
    CHECK(bench.many(1000)[2] == 0);
}

TEST_CASE("a key has a home, which another that is ill does not change") {
    Roster::Terms terms = by(Balance::By::hash);
    terms.health.emplace();
    Bench bench(5, terms);
    std::map<std::uint64_t, std::uint32_t> homes;
    for (std::uint64_t i = 0; i < 500; ++i) {
        const auto key = stable_hash(std::to_string(i));
        homes[key] = bench.first(key);
    }
    bench.roster->checked(3, false, Health::unhealthy, "ill", bench.now);
    for (const auto& [key, home] : homes) {
        CHECK((home == 3 ? bench.first(key) != 3 : bench.first(key) == home));
    }
    bench.roster->checked(3, true, Health::healthy, "", bench.now);
    for (const auto& [key, home] : homes) {
        CHECK(bench.first(key) == home);
    }
    CHECK(bench.many(500).size() == 5);  // requests without a key
}

TEST_CASE("every endpoint is had once, whoever was out of reach last") {
    Bench bench(4);
    bench.spread->avoid(1, bench.now + 5s, bench.now);
    CHECK(bench.many(200).count(1) == 0);
    for (int round = 0; round < 50; ++round) {
        const auto draw = bench.spread->draw(std::nullopt);
        Spread::Taken taken;
        std::vector<std::uint32_t> order;
        while (const auto one = bench.spread->pick(draw, taken, taken.none(), bench.now)) {
            CHECK_FALSE(taken.test(*one));
            taken.set(*one);
            order.push_back(*one);
        }
        REQUIRE(order.size() == 4);
        CHECK(order.back() == 1);
    }
    bench.now += 5s;
    CHECK(bench.many(200).count(1) == 1);
}

TEST_CASE("what one worker reports all know, and an ejection ends by itself") {
    Roster::Terms terms;
    terms.outlier.emplace();
    Bench bench(3, terms);
    Spread other(bench.roster, Random(7));
    bench.first();
    for (int i = 0; i < 5; ++i) {
        bench.roster->report(0, {.end = Outcome::End::reset}, bench.now, 0.0);
    }
    for (int i = 0; i < 100; ++i) {
        CHECK(other.pick(other.draw(std::nullopt), {}, true, bench.now) != 0);
    }
    CHECK(bench.many(100).count(0) == 0);
    bench.now += 30s;
    CHECK(bench.many(100).count(0) == 1);
}

TEST_CASE("who is new gets its share slowly") {
    Roster::Terms terms = by(Balance::By::round_robin);
    terms.balance.slow_start = 10s;
    terms.health.emplace();
    Bench bench(2, terms);
    bench.roster->checked(1, false, Health::unhealthy, "ill", bench.now);
    CHECK(bench.many(10)[1] == 0);
    bench.roster->checked(1, true, Health::healthy, "", bench.now);
    CHECK(bench.many(110)[1] == doctest::Approx(10).epsilon(0.2));
    bench.now += 5s;
    CHECK(bench.many(150)[1] == doctest::Approx(50).epsilon(0.1));
    bench.now += 5s;
    CHECK(bench.many(100)[1] == doctest::Approx(50).epsilon(0.1));
}

TEST_CASE("nobody is answered when all are ill and nobody panics; in a panic all are used") {
    Roster::Terms terms;
    terms.health.emplace();
    for (const std::uint32_t panic : {0U, 50U}) {
        terms.balance.panic = panic;
        terms.changes = std::make_shared<Roster::Changes>();
        Bench bench(2, terms);
        for (const std::size_t i : {0UL, 1UL}) {
            bench.roster->checked(i, false, Health::unhealthy, "ill", bench.now);
        }
        CHECK((bench.first() == 99) == (panic == 0));
        CHECK(bench.spread->panicking() == (panic != 0));
        CHECK(bench.roster->retry_after(bench.now) == 10);
    }
}

TEST_CASE("what checks said last does not stand when nobody checks any more") {
    std::vector<EndpointEvent::Kind> told;
    Bench bench(2, {.balance = {.by = Balance::By::round_robin},
                    .tell = [&](const EndpointEvent& event) { told.push_back(event.kind); }});
    bench.roster->checked(0, false, Health::unhealthy, "ill", bench.now);
    CHECK(bench.member(0).vitals->ejections->down);  // for its sake others are not ejected
    bench.roster->forget_checks(bench.now);
    bench.roster->forget_checks(bench.now);
    CHECK(bench.member(0).vitals->health() == Health::unknown);
    CHECK_FALSE(bench.member(0).vitals->ejections->down);
    CHECK(told == std::vector{EndpointEvent::Kind::unhealthy, EndpointEvent::Kind::healthy});
}

TEST_CASE("events tell what changed, once") {
    std::vector<EndpointEvent> told;
    Roster::Terms terms;
    terms.backend = "web";
    terms.health.emplace();
    terms.outlier.emplace();
    terms.tell = [&](const EndpointEvent& event) { told.push_back(event); };
    Bench bench(2, terms);
    bench.roster->checked(0, true, Health::healthy, "", bench.now);
    CHECK(told.empty());
    bench.roster->checked(0, false, Health::unhealthy, "status 500", bench.now);
    bench.roster->checked(0, false, Health::unhealthy, "status 500", bench.now);
    bench.roster->checked(0, true, Health::healthy, "", bench.now);
    for (int i = 0; i < 9; ++i) {
        bench.roster->report(1, {.end = Outcome::End::timeout}, bench.now, 0.0);
    }
    bench.roster->sweep(bench.now);
    bench.now += 30s;
    bench.roster->sweep(bench.now);
    bench.roster->sweep(bench.now);
    REQUIRE(told.size() == 4);
    using Kind = EndpointEvent::Kind;
    CHECK(told[0].kind == Kind::unhealthy);
    CHECK(told[0].reason == "status 500");
    CHECK(told[1].kind == Kind::healthy);
    CHECK(told[2].kind == Kind::ejected);
    CHECK(told[2].endpoint == "http://10.0.0.1");
    CHECK(told[2].reason == "5 failures in a row");
    CHECK(told[2].lasts == 30s);
    CHECK(told[3].kind == Kind::returned);
}

TEST_CASE("property: power of two choices keeps the busiest close to the mean") {
    CHECK(rc::check([] {
        const std::size_t count = *rc::gen::inRange<std::size_t>(2, 40);
        Bench bench(count);
        std::vector<InFlight> busy;
        for (std::size_t i = 0; i < count * 50; ++i) {
            busy.emplace_back(bench.member(bench.first()).vitals);
        }
        for (std::size_t i = 0; i < count; ++i) {
            RC_ASSERT(bench.member(i).vitals->in_flight() <= 60);
        }
    }));
}
