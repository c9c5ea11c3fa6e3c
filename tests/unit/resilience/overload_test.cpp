// Levels out of injected readings, and who is shed at which.
#include "connector/resilience/overload.h"

#include <doctest/doctest.h>

#include <rapidcheck.h>

#include <vector>

namespace adit::resilience {
namespace {

using namespace std::chrono_literals;
using config::Priority;

const std::vector<std::chrono::nanoseconds> kPrompt{0ns};

/// What is missing for a request of each priority; whoever may come in leaves at once.
std::array<Resource, kPriorities> missing(Overload& overload, unsigned worker = 0) {
    std::array<Resource, kPriorities> all{};
    for (std::size_t i = 0; i < kPriorities; ++i) {
        all[i] = overload.enter(worker, static_cast<Priority>(i));
        if (all[i] == Resource::none) {
            overload.leave();
        }
    }
    return all;
}

using Missing = std::array<Resource, kPriorities>;
constexpr Resource none = Resource::none;
constexpr Resource memory = Resource::memory;
constexpr Resource lag = Resource::lag;

}  // namespace

TEST_CASE("who is shed, by how much memory is used, where shedding begins at nine tenths") {
    struct Case {
        double used;
        Missing expected;
    };
    const Case cases[] = {{0.0, {none, none, none, none}},           {0.89, {none, none, none, none}},
                          {0.90, {memory, none, none, none}},        {0.94, {memory, none, none, none}},
                          {0.95, {memory, memory, none, none}},      {0.97, {memory, memory, none, none}},
                          {0.975, {memory, memory, memory, none}},   {0.99, {memory, memory, memory, none}},
                          {0.996, {memory, memory, memory, memory}}, {1.2, {memory, memory, memory, memory}}};
    for (const auto& [used, expected] : cases) {
        CAPTURE(used);
        Overload overload;
        overload.update({.memory = used}, kPrompt);
        CHECK(missing(overload) == expected);
    }
}

TEST_CASE("a level begins at once and ends when its resource has come down by a fiftieth") {
    Gradation gradation;
    const Steps steps = steps_of_share(90);
    CHECK(gradation.update(0.90, steps) == Level::low);
    CHECK(gradation.update(0.96, steps) == Level::normal);
    CHECK(gradation.update(0.94, steps) == Level::normal);
    CHECK(gradation.update(0.92, steps) == Level::low);
    CHECK(gradation.update(0.89, steps) == Level::low);
    CHECK(gradation.update(0.88, steps) == Level::none);
    CHECK(gradation.update(1, steps) == Level::all);
    CHECK(gradation.update(0, steps) == Level::none);
}

TEST_CASE("a reading that stands still never makes a level change twice") {
    CHECK(rc::check([](const std::vector<unsigned>& readings) {
        Gradation gradation;
        for (const unsigned reading : readings) {
            const double share = (reading % 130) / 100.0;
            const Level first = gradation.update(share, steps_of_share(80));
            RC_ASSERT(gradation.update(share, steps_of_share(80)) == first);
        }
    }));
}

TEST_CASE("descriptors that run out are spared for those who are here") {
    Overload overload;
    overload.update({.descriptors = 0.96}, kPrompt);
    CHECK_FALSE(overload.short_of_descriptors());
    CHECK(missing(overload)[1] == Resource::descriptors);
    overload.update({.descriptors = 0.98}, kPrompt);
    CHECK(overload.short_of_descriptors());
    overload.update({.descriptors = 0.5}, kPrompt);
    CHECK_FALSE(overload.short_of_descriptors());
    CHECK(overload.worst().level == Level::none);
}

TEST_CASE("a worker that is late for a second sheds; others do not, nor does one that had a hiccup") {
    Overload overload;
    const std::vector<std::chrono::nanoseconds> lags{1200ms, 10ms};
    for (int i = 0; i < 3; ++i) {
        overload.update({}, lags);
        CHECK(missing(overload, 0) == Missing{none, none, none, none});
    }
    overload.update({}, lags);
    CHECK(missing(overload, 0) == Missing{lag, lag, none, none});
    CHECK(missing(overload, 1) == Missing{none, none, none, none});
    CHECK(overload.worst().resource == lag);
    CHECK(overload.levels()[static_cast<std::size_t>(lag)] == Level::normal);
    overload.update({}, std::vector<std::chrono::nanoseconds>{1ms, 1ms});
    CHECK(missing(overload, 0) == Missing{none, none, none, none});
}

TEST_CASE("however late a worker is, critical requests are served") {
    Overload overload;
    for (int i = 0; i < 8; ++i) {
        overload.update({}, std::vector<std::chrono::nanoseconds>{1h});
    }
    CHECK(missing(overload) == Missing{lag, lag, lag, none});
}

TEST_CASE("requests in progress are counted exactly, the last places are for the important ones") {
    CHECK(bounds_of_requests(100, 90) == std::array<std::uint32_t, 4>{90, 95, 98, 100});
    CHECK(bounds_of_requests(1, 90) == std::array<std::uint32_t, 4>{1, 1, 1, 1});
    Overload overload;
    overload.configure({.requests = 20});
    for (int i = 0; i < 18; ++i) {
        REQUIRE(overload.enter(0, Priority::low) == none);
    }
    CHECK(overload.enter(0, Priority::low) == Resource::requests);
    CHECK(overload.enter(0, Priority::normal) == none);
    CHECK(overload.enter(0, Priority::normal) == Resource::requests);
    CHECK(overload.enter(0, Priority::high) == none);
    CHECK(overload.enter(0, Priority::critical) == Resource::requests);
    CHECK(overload.in_progress() == 20);
    overload.leave();
    CHECK(overload.enter(0, Priority::critical) == none);
}

TEST_CASE("a bound of requests takes nobody in who does not fit, whoever comes and goes") {
    CHECK(rc::check([](const std::vector<std::pair<bool, unsigned>>& events) {
        Overload overload;
        overload.configure({.requests = 5});
        std::uint32_t inside = 0;
        for (const auto& [comes, priority] : events) {
            if (comes) {
                inside += overload.enter(0, static_cast<Priority>(priority % 4)) == Resource::none ? 1 : 0;
            } else if (inside > 0) {
                overload.leave();
                --inside;
            }
            RC_ASSERT(inside <= 5U);
            RC_ASSERT(overload.in_progress() == inside);
        }
    }));
}

TEST_CASE("nothing is shed where that is switched off, and the switch works while it sheds") {
    Overload overload;
    overload.configure({.requests = 1});
    overload.update({.memory = 1}, kPrompt);
    CHECK(overload.worst().level == Level::all);
    overload.configure({.enabled = false, .requests = 1});
    overload.update({.memory = 1}, kPrompt);
    CHECK(missing(overload) == Missing{none, none, none, none});
    CHECK(overload.enter(0, Priority::low) == none);
    CHECK(overload.enter(0, Priority::low) == none);
}

}  // namespace adit::resilience
