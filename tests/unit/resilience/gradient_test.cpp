// Limits that find themselves: by the gradient of latency, and by how slow a backend is.
#include "connector/resilience/gradient.h"

#include <doctest/doctest.h>

#include "connector/resilience/bulkhead.h"
#include "connector/resilience/tightening.h"

using namespace adit::resilience;
using namespace std::chrono_literals;

namespace {

/// Seconds of an origin that serves `capacity` requests at once in `base` each, and makes the others wait.
class Origin {
  public:
    explicit Origin(Gradient& gradient) : gradient_(gradient) {}
    void run(std::chrono::milliseconds base, std::uint32_t capacity, int seconds) {
        for (int i = 0; i < seconds * 10; ++i) {
            const std::uint32_t in_progress = gradient_.limit();
            const auto took = base * std::max(1U, in_progress) / std::min(std::max(1U, in_progress), capacity);
            for (int k = 0; k < 20; ++k) {
                now_ += 6ms;
                gradient_.sample(took, in_progress, false, now_);
            }
        }
    }
    Time now() const { return now_; }

  private:
    Gradient& gradient_;
    Time now_{1h};
};

}  // namespace

TEST_CASE("a limit grows while latency stays as it is") {
    Gradient gradient({.minimum = 4, .tolerance = 50}, 500);
    const std::uint32_t before = gradient.limit();
    Origin(gradient).run(10ms, 10'000, 30);
    CHECK(gradient.limit() > 5 * before);
    CHECK(gradient.limit() <= 500);
}

TEST_CASE("a limit settles where the origin begins to queue") {
    Gradient gradient({.minimum = 4, .tolerance = 50}, 1'000);
    Origin(gradient).run(10ms, 50, 60);
    CHECK(gradient.limit() >= 40);
    CHECK(gradient.limit() <= 200);
}

TEST_CASE("a limit shrinks when the origin slows down, and comes back with it") {
    Gradient gradient({.minimum = 4, .tolerance = 50}, 200);
    Origin origin(gradient);
    origin.run(10ms, 10'000, 30);
    const std::uint32_t well = gradient.limit();
    origin.run(100ms, 10'000, 3);
    const std::uint32_t ill = gradient.limit();
    CHECK(ill < well / 2);
    CHECK(ill >= 4);
    origin.run(10ms, 10'000, 30);
    CHECK(gradient.limit() > well / 2);
}

TEST_CASE("a limit that is not used does not grow") {
    Gradient gradient({.minimum = 4, .tolerance = 50}, 500);
    const std::uint32_t before = gradient.limit();
    Time now{1h};
    for (int i = 0; i < 10'000; ++i) {
        now += 10ms;
        gradient.sample(10ms, 1, false, now);
    }
    CHECK(gradient.limit() == before);
}

TEST_CASE("an answer that asks for patience lowers the limit at once, a burst of them once") {
    Gradient gradient({.minimum = 4, .tolerance = 50}, 500);
    Time now{1h};
    gradient.sample(1ms, 20, true, now);
    gradient.sample(1ms, 20, true, now + 1ms);
    CHECK(gradient.limit() == 18);
    for (int i = 0; i < 100; ++i) {
        gradient.sample(1ms, 20, true, now += 1s);
    }
    CHECK(gradient.limit() == 4);
}

TEST_CASE("an adaptive bulkhead has no more places than its gradient allows") {
    Bulkhead bulkhead;
    const adit::config::Bulkhead bounds{
        .concurrent = 100, .queue = 0, .adaptive = adit::config::Adaptive{.minimum = 2}};
    int entered = 0;
    while (bulkhead.try_enter(bounds)) {
        ++entered;
    }
    CHECK(entered == 20);
    Time now{1h};
    for (int i = 0; i < 100; ++i) {
        bulkhead.sample(bounds, 1ms, true, now += 1s);
    }
    CHECK(bulkhead.limit() == 2);
    for (int i = 0; i < 19; ++i) {
        bulkhead.leave();
    }
    CHECK(bulkhead.try_enter(bounds));
    CHECK_FALSE(bulkhead.try_enter(bounds));
}

TEST_CASE("a limit tightens while calls take long and opens when they do not") {
    Tightening tightening;
    const Tightening::Settings settings{.beyond = 100ms, .least = 100};
    Time now{1h};
    const auto seconds = [&](std::chrono::milliseconds took, int count) {
        for (int i = 0; i < count * 20; ++i) {
            tightening.observe(took);
            tightening.share(settings, now += 50ms);
        }
        return tightening.share();
    };
    CHECK(seconds(10ms, 10) == kWholeShare);
    CHECK(seconds(500ms, 2) < kWholeShare / 2);
    CHECK(seconds(500ms, 20) == 100);
    CHECK(seconds(10ms, 20) == kWholeShare);
}

TEST_CASE("a limit opens again when nobody calls") {
    Tightening tightening;
    const Tightening::Settings settings{.beyond = 100ms, .least = 100};
    Time now{1h};
    for (int i = 0; i < 100; ++i) {
        tightening.observe(1s);
        tightening.share(settings, now += 250ms);
    }
    CHECK(tightening.share() == 100);
    tightening.share(settings, now += 1s);
    CHECK(tightening.share(settings, now + 1min) == kWholeShare);
}

TEST_CASE("a limit without a latency stays whole") {
    Tightening tightening;
    tightening.observe(1h);
    CHECK(tightening.share({}, Time{1h}) == kWholeShare);
}
