// When values are refreshed, and how long we stay away from a provider that fails.
#include "connector/fetch/schedule.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace adit;
using namespace fetch;
using namespace std::chrono_literals;

namespace {

constexpr Time kNow = Time(1'000'000s);

Schedule with_life(std::chrono::milliseconds life, Random& random) {
    Schedule schedule{{}};
    schedule.made(kNow, life, random);
    return schedule;
}

}  // namespace

TEST_CASE("nothing is usable, and all is due, before the first value") {
    const Schedule schedule{{}};
    CHECK_FALSE(schedule.usable(kNow));
    CHECK(schedule.due() <= kNow);
    CHECK_FALSE(schedule.backing_off(kNow));
}

TEST_CASE(
    "an hour's value is refreshed five minutes before its end, some a little earlier, and used until ten seconds "
    "before") {
    Random random(3);
    auto earliest = Time::max();
    auto latest = Time::min();
    for (int i = 0; i < 1000; ++i) {
        const Schedule schedule = with_life(3600s, random);
        earliest = std::min(earliest, schedule.due());
        latest = std::max(latest, schedule.due());
        CHECK(schedule.usable(kNow + 3589s));
        CHECK_FALSE(schedule.usable(kNow + 3590s));
    }
    CHECK(earliest >= kNow + 2940s);
    CHECK(earliest < kNow + 2960s);
    CHECK(latest <= kNow + 3300s);
    CHECK(latest > kNow + 3280s);
}

TEST_CASE("a value that lives no longer than the offset is still kept for a while") {
    Random random(4);
    for (const auto life : {300'000ms, 60'000ms, 2'000ms, 100ms}) {
        CAPTURE(life.count());
        const Schedule schedule = with_life(life, random);
        CHECK(schedule.due() >= kNow + life * 6 / 10);
        CHECK(schedule.due() < schedule.hard_end());
        CHECK(schedule.hard_end() >= kNow + life * 9 / 10);
        CHECK(schedule.hard_end() < kNow + life);
    }
}

TEST_CASE("an offset of nothing leaves time for the fetch all the same") {
    Random random(5);
    Schedule schedule{{.offset = 0ms}};
    schedule.made(kNow, 3600s, random);
    CHECK(schedule.due() < schedule.hard_end());
}

TEST_CASE("delays after transient faults grow to their cap, spread, and are forgotten with a success") {
    Random random(6);
    Schedule schedule{{}};
    std::chrono::nanoseconds longest{};
    for (int i = 1; i <= 50; ++i) {
        schedule.failed(kNow, Fault::transient, std::nullopt, random);
        const auto delay = schedule.due() - kNow;
        CHECK(delay >= 1s);
        CHECK(delay <= std::min<std::chrono::nanoseconds>(30s, 1s * (1LL << std::min(i, 10))));
        CHECK(schedule.backing_off(kNow));
        CHECK_FALSE(schedule.refused());
        longest = std::max<std::chrono::nanoseconds>(longest, delay);
    }
    CHECK(longest > 20s);
    schedule.made(kNow, 3600s, random);
    CHECK_FALSE(schedule.backing_off(kNow));
    schedule.failed(kNow, Fault::transient, std::nullopt, random);
    CHECK(schedule.due() - kNow <= 2s);
}

TEST_CASE("a provider's Retry-After is honoured, within reason") {
    Random random(7);
    Schedule schedule{{}};
    schedule.failed(kNow, Fault::transient, 60s, random);
    CHECK(schedule.due() == kNow + 60s);
    CHECK(schedule.retry_after(kNow) == 60s);
    CHECK(schedule.retry_after(kNow + 59'500ms) == 1s);
    CHECK(schedule.retry_after(kNow + 100s) == 1s);
    schedule.failed(kNow, Fault::transient, 86'400s, random);
    CHECK(schedule.due() == kNow + 300s);
}

TEST_CASE("a refusal is believed for half a minute, and leaves a value that is there alone") {
    Random random(8);
    Schedule schedule = with_life(3600s, random);
    schedule.failed(kNow + 3000s, Fault::permanent, std::nullopt, random);
    CHECK(schedule.refused());
    CHECK(schedule.due() == kNow + 3030s);
    CHECK(schedule.usable(kNow + 3000s));
    schedule.made(kNow + 3030s, 3600s, random);
    CHECK_FALSE(schedule.refused());
}

TEST_CASE("a refused value is fetched anew once in ten seconds, and not while fetches fail") {
    Random random(9);
    Schedule schedule = with_life(3600s, random);
    CHECK(schedule.force(kNow + 1s));
    CHECK(schedule.due() == kNow + 1s);
    schedule.made(kNow + 1s, 3600s, random);
    CHECK_FALSE(schedule.force(kNow + 2s));
    CHECK_FALSE(schedule.force(kNow + 10s));
    CHECK(schedule.force(kNow + 11s));
    schedule.failed(kNow + 30s, Fault::transient, 20s, random);
    CHECK_FALSE(schedule.force(kNow + 45s));
    CHECK(schedule.force(kNow + 51s));
}
