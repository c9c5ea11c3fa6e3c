// Outliers: who goes, who stays whatever it does, and for how long.
#include "connector/resilience/outlier.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace adit::resilience;
using namespace std::chrono_literals;
using Settings = adit::config::Outlier;
using End = Outcome::End;

namespace {

constexpr Outcome kGood{.end = End::answered, .status = 200, .took = 5ms};
constexpr Outcome kBad{.end = End::answered, .status = 503, .took = 5ms};

/// Endpoints under watch, and a clock.
struct Bench {
    Bench(std::size_t count, const Settings& settings) {
        for (std::size_t i = 0; i < count; ++i) {
            records.push_back(std::make_shared<OutlierRecord>());
        }
        outliers = std::make_unique<Outliers>(settings, records, std::make_shared<std::mutex>());
    }
    std::vector<Ejection> record(std::size_t endpoint, const Outcome& outcome, int times = 1) {
        std::vector<Ejection> all;
        for (int i = 0; i < times; ++i) {
            const auto gone = outliers->record(endpoint, outcome, now, 0.0);
            all.insert(all.end(), gone.begin(), gone.end());
        }
        return all;
    }
    std::size_t away() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(records, [&](const auto& record) { return record->ejected(now); }));
    }
    Time now{1000s};
    std::vector<std::shared_ptr<OutlierRecord>> records;
    std::unique_ptr<Outliers> outliers;
};

}  // namespace

TEST_CASE("five failures in a row take an endpoint out, four and a success do not") {
    Bench bench(3, {});
    CHECK(bench.record(0, kBad, 4).empty());
    CHECK(bench.record(0, kGood).empty());
    CHECK(bench.record(0, kBad, 4).empty());
    const auto gone = bench.record(0, kBad);
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].endpoint == 0);
    CHECK(gone[0].ground == Ejection::Ground::consecutive);
    CHECK(gone[0].measured == 5);
    CHECK(gone[0].lasts == 30s);
    CHECK(bench.records[0]->ejected(bench.now));
    bench.now += 30s;
    CHECK_FALSE(bench.records[0]->ejected(bench.now));
}

TEST_CASE("what says nothing of the origin counts neither way") {
    Bench bench(3, {});
    bench.record(0, kBad, 4);
    for (const Outcome& outcome : {Outcome{.end = End::neutral}, Outcome{.end = End::answered, .status = 429}}) {
        CHECK(bench.record(0, outcome, 10).empty());
        CHECK(bench.records[0]->consecutive == 4);
    }
    CHECK(bench.record(0, kBad).size() == 1);
}

TEST_CASE("who comes back ill stays away longer each time, up to the most; who stays well is forgiven") {
    Bench bench(3, {.ejection = 30s, .ejection_most = 80s});
    CHECK(bench.record(0, kBad, 5).at(0).lasts == 30s);
    bench.now += 30s;
    CHECK(bench.record(0, kBad, 5).at(0).lasts == 60s);
    bench.now += 60s;
    CHECK(bench.record(0, kBad, 5).at(0).lasts == 80s);
    bench.now += 80s + 95s;  // three ejections' time
    const auto gone = bench.record(0, kBad, 5);
    CHECK(gone.at(0).times == 1);
    CHECK(gone.at(0).lasts == 30s);
}

TEST_CASE("returns are spread by a third at most") {
    Bench bench(3, {});
    for (int i = 0; i < 4; ++i) {
        bench.record(0, kBad);
    }
    const auto gone = bench.outliers->record(0, kBad, bench.now, 0.999);
    CHECK(gone.at(0).lasts > 39s);
    CHECK(gone.at(0).lasts < 40s);
}

TEST_CASE("tries that were under way when it was ejected do not lengthen it") {
    Bench bench(3, {});
    bench.record(0, kBad, 5);
    const auto until = bench.records[0]->back();
    bench.now += 1s;
    CHECK(bench.record(0, kBad, 50).empty());
    CHECK(bench.records[0]->back() == until);
    bench.now += 29s;
    CHECK(bench.record(0, kBad, 4).empty());  // counted anew
}

TEST_CASE("one of two may go, one alone never; nobody where none may be away") {
    CHECK(Bench(1, {}).outliers->most() == 0);
    CHECK(Bench(2, {}).outliers->most() == 1);
    CHECK(Bench(3, {}).outliers->most() == 1);
    CHECK(Bench(4, {}).outliers->most() == 2);
    CHECK(Bench(10, {.ejected_most = 10}).outliers->most() == 1);
    CHECK(Bench(10, {.ejected_most = 100}).outliers->most() == 9);
    CHECK(Bench(10, {.ejected_most = 0}).outliers->most() == 0);
    Bench alone(1, {});
    CHECK(alone.record(0, kBad, 100).empty());
}

TEST_CASE("the last one that active checks find well is not ejected") {
    Bench bench(3, {.ejected_most = 100});
    bench.records[1]->down = true;
    CHECK(bench.record(2, kBad, 5).size() == 1);
    CHECK(bench.record(0, kBad, 50).empty());
    bench.records[1]->down = false;
    CHECK(bench.record(0, kBad, 1).size() == 1);
}

TEST_CASE("a low success rate over an interval takes an endpoint out, with enough calls") {
    Bench bench(3, {.consecutive = 0, .success_rate = 90, .minimum = 20});
    const auto interval = [&](int good, int bad) {
        bench.record(0, kGood, good);
        bench.record(0, kBad, bad);
        bench.now += 10s;
        return bench.record(1, kGood);
    };
    interval(0, 0);
    CHECK(interval(10, 5).empty());  // too few
    CHECK(interval(95, 5).empty());  // good enough
    const auto gone = interval(80, 20);
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].endpoint == 0);
    CHECK(gone[0].ground == Ejection::Ground::success_rate);
    CHECK(gone[0].measured == 80);
}

TEST_CASE("who takes much longer than the others goes; all of them slow is nobody's fault") {
    Bench bench(4, {.consecutive = 0, .latency = 300, .minimum = 10});
    const auto interval = [&](std::chrono::milliseconds first, std::chrono::milliseconds others) {
        for (std::size_t i = 0; i < 4; ++i) {
            bench.record(i, {.end = End::answered, .status = 200, .took = i == 0 ? first : others}, 20);
        }
        bench.now += 10s;
        return bench.record(1, {.end = End::answered, .status = 200, .took = others});
    };
    interval(20ms, 20ms);
    CHECK(interval(500ms, 500ms).empty());
    CHECK(interval(45ms, 20ms).empty());
    CHECK(interval(9ms, 1ms).empty());  // nobody feels that
    const auto gone = interval(100ms, 20ms);
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].endpoint == 0);
    CHECK(gone[0].ground == Ejection::Ground::latency);
    CHECK(gone[0].measured == 500);
}

TEST_CASE("property: never more away than may be, never the last, whatever comes back") {
    CHECK(rc::check([] {
        const std::size_t count = *rc::gen::inRange<std::size_t>(1, 9);
        Settings settings{.consecutive = *rc::gen::inRange(0U, 4U),
                          .success_rate = *rc::gen::inRange(0U, 101U),
                          .latency = *rc::gen::inRange(0U, 300U),
                          .minimum = *rc::gen::inRange(0U, 5U),
                          .interval = 1s,
                          .ejection = 2s,
                          .ejected_most = *rc::gen::inRange(0U, 101U)};
        Bench bench(count, settings);
        for (const int step : *rc::gen::container<std::vector<int>>(300, rc::gen::inRange(0, 1 << 20))) {
            const auto endpoint = static_cast<std::size_t>(step) % count;
            bench.now += std::chrono::milliseconds((step >> 4) % 200);
            bench.records[endpoint]->down = (step >> 12) % 7 == 0;
            const std::size_t before = bench.away();
            const auto gone = bench.outliers->record(endpoint,
                                                     {.end = static_cast<End>((step >> 15) % 7),
                                                      .status = (step >> 8) % 3 == 0 ? 503 : 200,
                                                      .took = std::chrono::milliseconds((step >> 6) % 500)},
                                                     bench.now, 0.5);
            RC_ASSERT(bench.away() == before + gone.size());
            RC_ASSERT(gone.empty() || bench.away() <= bench.outliers->most());
            const bool somebody = std::ranges::any_of(
                bench.records, [&](const auto& record) { return !record->ejected(bench.now) && !record->down; });
            RC_ASSERT(gone.empty() || somebody);
        }
    }));
}
