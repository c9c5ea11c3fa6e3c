// Circuits: when they open, how they come back, and what has a say in it; time and chance are the test's.
#include "connector/resilience/circuit.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <thread>

#include "connector/resilience/circuits.h"

using namespace adit::resilience;
using namespace std::chrono_literals;
using adit::Random;
using Settings = adit::config::Circuit;

namespace {

Outcome answer(int status, std::chrono::nanoseconds took = 1ms) {
    return {.end = Outcome::End::answered, .status = status, .took = took};
}
constexpr Outcome kReset{.end = Outcome::End::reset};
constexpr Outcome kNeutral{.end = Outcome::End::neutral};

/// Remembers what it was told.
struct Watcher final : CircuitWatcher {
    void changed(const CircuitChange& change) override {
        changes.push_back(change);
        told += (told.empty() ? "" : " ") + std::string(change.by_operator ? "forced:" : "") +
                std::string(change.by_operator ? name(change.forced) : name(change.to));
    }
    bool may_probe(std::string_view) override {
        ++asked;
        return alone;
    }
    std::vector<CircuitChange> changes;
    std::string told;
    int asked = 0;
    bool alone = true;
};

/// A circuit with its clock.
struct Bench {
    explicit Bench(const Settings& settings, std::chrono::milliseconds probe_time = 0ms)
        : circuit("backend:b", {settings, probe_time}, &watcher, Random(7)) {}

    bool call(const Outcome& outcome, double uniform = 0) {
        auto permit = circuit.ask(now, uniform);
        if (permit) {
            permit->record(outcome, now);
        }
        return permit.has_value();
    }
    void calls(int times, const Outcome& outcome) {
        for (int i = 0; i < times; ++i) {
            call(outcome);
        }
    }
    /// Into the time when probes are let through.
    void cool_down() { now = *circuit.standing(now).next_try; }
    std::chrono::milliseconds cooldown() const { return watcher.changes.back().cooldown; }
    std::string why() const { return circuit.standing(now).why; }

    Watcher watcher;
    Time now{1000s};
    Circuit circuit;
};

/// As in the defaults, with nothing on but what a test turns on.
Settings quiet() {
    Settings settings;
    settings.consecutive = 0;
    settings.failure_rate = 0;
    return settings;
}

}  // namespace

TEST_CASE("five failures in a row open a circuit, and who asks then is told how long to wait") {
    Bench bench{Settings{}};
    bench.calls(4, answer(503));
    bench.call(answer(200));
    bench.calls(4, kReset);
    CHECK(bench.circuit.state() == CircuitState::closed);
    bench.call(answer(503));
    REQUIRE(bench.circuit.state() == CircuitState::open);
    CHECK(bench.why() == "5 failures in a row, the last one: status 503");
    CHECK(bench.cooldown() >= 27s);
    CHECK(bench.cooldown() <= 33s);
    const auto refused = bench.circuit.ask(bench.now + 1s, 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().circuit == "backend:b");
    CHECK(refused.error().retry_after == bench.cooldown() - 1s);
    CHECK_FALSE(refused.error().forced);
    CHECK(bench.circuit.standing(bench.now).refused == 1);
}

TEST_CASE("what is the client's fault or says nothing counts neither way") {
    for (const Outcome& outcome : {answer(404), answer(401), answer(429), kNeutral,
                                   Outcome{.end = Outcome::End::answered, .status = 200, .grpc = 5}}) {
        Settings settings;
        settings.minimum = 1;
        settings.failure_rate = 100;
        Bench bench(settings);
        bench.calls(4, answer(500));
        bench.calls(50, outcome);
        bench.calls(1, answer(500));
        CHECK(bench.circuit.state() == CircuitState::open);  // they have not broken the row, and are in no rate
        Bench untouched{Settings{}};
        untouched.calls(1000, outcome);
        CHECK(untouched.circuit.standing(untouched.now).latest == Tally{});
    }
}

TEST_CASE("a listed status counts, be it the client's fault or not") {
    Settings settings;
    settings.on.statuses = {{429, 429}};
    Bench bench(settings);
    bench.calls(5, answer(429));
    CHECK(bench.circuit.state() == CircuitState::open);
    Bench other(settings);
    other.calls(5, answer(500));
    CHECK(other.circuit.state() == CircuitState::closed);
}

TEST_CASE("a rate counts from its minimum of calls on, also when a success is what makes it count") {
    Settings settings = quiet();
    settings.failure_rate = 50;
    settings.minimum = 20;
    Bench bench(settings);
    bench.calls(15, answer(500));
    bench.calls(4, answer(200));
    CHECK(bench.circuit.state() == CircuitState::closed);
    bench.call(answer(200));
    CHECK(bench.circuit.state() == CircuitState::open);
    CHECK(bench.why() == "15 of 20 calls failed, the last one: status 500");
    Bench below(settings);
    for (int i = 0; i < 500; ++i) {
        below.calls(1, answer(500));
        below.calls(2, answer(200));
    }
    CHECK(below.circuit.state() == CircuitState::closed);
}

TEST_CASE("failures that lie further apart than the window do not add up") {
    Settings settings = quiet();
    settings.failures = 3;
    settings.window = 10s;
    Bench bench(settings);
    for (int i = 0; i < 20; ++i) {
        bench.call(answer(500));
        bench.now += 6s;
    }
    CHECK(bench.circuit.state() == CircuitState::closed);
    bench.calls(2, answer(500));
    CHECK(bench.circuit.state() == CircuitState::open);
}

TEST_CASE("slow calls open it, successful ones too") {
    Settings settings = quiet();
    settings.slow_rate = 60;
    settings.slow = 100ms;
    settings.minimum = 10;
    Bench bench(settings);
    bench.calls(4, answer(200));
    bench.calls(5, answer(200, 101ms));
    CHECK(bench.circuit.state() == CircuitState::closed);
    bench.call(answer(200, 2s));
    CHECK(bench.circuit.state() == CircuitState::open);
    CHECK(bench.why() == "6 of 10 calls were slower than 100ms");
}

TEST_CASE("a window of calls forgets by calls alone") {
    Settings settings = quiet();
    settings.window_calls = 10;
    settings.failure_rate = 50;
    Bench bench(settings);
    bench.calls(5, answer(200));
    bench.calls(4, answer(500));
    bench.now += 24h;
    CHECK(bench.circuit.state() == CircuitState::closed);
    bench.call(answer(500));
    CHECK(bench.circuit.state() == CircuitState::open);
}

TEST_CASE("half open, so many probes are let through as have to succeed, and no more") {
    Bench bench{Settings{}};
    bench.calls(5, kReset);
    bench.cool_down();
    std::vector<CircuitPermit> probes;
    for (int i = 0; i < 50; ++i) {
        if (auto permit = bench.circuit.ask(bench.now, 0)) {
            probes.push_back(std::move(*permit));
        }
    }
    REQUIRE(probes.size() == 3);
    probes[0].record(answer(200), bench.now);
    probes[1].record(answer(404), bench.now);  // somebody answers there
    CHECK_FALSE(bench.circuit.ask(bench.now, 0));
    probes[2].record(answer(200), bench.now);
    CHECK(bench.circuit.state() == CircuitState::recovering);
    CHECK(bench.watcher.told == "open half_open recovering");
}

TEST_CASE("one probe that fails opens it again, for twice as long, up to the most") {
    Settings settings;
    settings.cooldown = 10s;
    settings.cooldown_most = 60s;
    Bench bench(settings);
    bench.calls(5, kReset);
    for (const auto about : {10s, 20s, 40s, 60s, 60s}) {
        CHECK(bench.cooldown() >= about * 9 / 10);
        CHECK(bench.cooldown() <= about * 11 / 10);
        bench.cool_down();
        CHECK(bench.call(answer(500)));
        CHECK(bench.why() == "a probe failed: status 500");
    }
}

TEST_CASE("a probe that is lost, or says nothing, makes room for another") {
    Settings settings;
    settings.probes = 1;
    Bench bench(settings, 5s);
    bench.calls(5, kReset);
    bench.cool_down();
    auto lost = bench.circuit.ask(bench.now, 0);
    REQUIRE(lost);
    CHECK_FALSE(bench.circuit.ask(bench.now + 4999ms, 0));
    bench.now += 5s;
    CHECK(bench.call(kNeutral));
    CHECK(bench.call(answer(429)));
    static_cast<void>(bench.circuit.ask(bench.now, 0));  // dropped without a word
    auto last = bench.circuit.ask(bench.now, 0);
    REQUIRE(last);
    lost->record(kReset, bench.now);  // its turn was over
    CHECK(bench.circuit.state() == CircuitState::half_open);
    last->record(answer(200), bench.now);
    CHECK(bench.circuit.state() == CircuitState::recovering);
}

TEST_CASE("a recovery lets a tenth of the calls through, then more and more, then all") {
    Settings settings;
    settings.probes = 1;
    settings.recovery = 10s;
    Bench bench(settings);
    bench.calls(5, kReset);
    bench.cool_down();
    bench.call(answer(200));
    CHECK(bench.call(answer(200), 0.09));
    CHECK_FALSE(bench.call(answer(200), 0.11));
    bench.now += 5s;
    CHECK(bench.call(answer(200), 0.54));
    CHECK_FALSE(bench.call(answer(200), 0.56));
    bench.now += 5s;
    bench.circuit.look(bench.now);
    CHECK(bench.watcher.told == "open half_open recovering closed");
    CHECK(bench.call(answer(200), 0.999));
}

TEST_CASE("failures while it recovers open it again, by few calls and for longer") {
    Settings settings;
    settings.probes = 1;
    settings.consecutive = 0;
    settings.failures = 0;
    settings.minimum = 20;
    Bench bench(settings);
    bench.calls(20, kReset);
    const auto first = bench.cooldown();
    bench.cool_down();
    bench.call(answer(200));
    bench.calls(1, answer(200));
    bench.calls(2, kReset);
    CHECK(bench.circuit.state() == CircuitState::open);
    CHECK(bench.cooldown() > first);
}

TEST_CASE("who opens again soon after having closed stays open for longer; after a good while the first time counts") {
    Settings settings;
    settings.recovery = 0ms;
    settings.probes = 1;
    settings.cooldown = 10s;
    Bench bench(settings);
    bench.calls(5, kReset);
    bench.cool_down();
    bench.call(answer(200));
    REQUIRE(bench.circuit.state() == CircuitState::closed);
    bench.now += 1s;
    bench.calls(5, kReset);
    CHECK(bench.cooldown() > 15s);
    bench.cool_down();
    bench.call(answer(200));
    bench.now += 1h;
    bench.calls(5, kReset);
    CHECK(bench.cooldown() < 12s);
}

TEST_CASE("a recovery that did not last does not begin the doubling anew") {
    Settings settings;
    settings.recovery = 1s;
    settings.probes = 1;
    settings.cooldown = 10s;
    Bench bench(settings);
    for (const auto about : {10s, 20s, 40s}) {
        bench.calls(5, kReset);
        CHECK(bench.cooldown() >= about * 9 / 10);
        CHECK(bench.cooldown() <= about * 11 / 10);
        bench.cool_down();
        bench.call(answer(200));
        bench.now += 2s;
        bench.circuit.look(bench.now);
        REQUIRE(bench.circuit.state() == CircuitState::closed);
    }
}

TEST_CASE("calls of before a change have no say after it") {
    Settings settings;
    settings.probes = 1;
    settings.consecutive = 1;
    settings.recovery = 0ms;
    Bench bench(settings);
    auto early = bench.circuit.ask(bench.now, 0);
    auto second = bench.circuit.ask(bench.now, 0);
    bench.call(kReset);
    early->record(answer(200), bench.now);
    CHECK(bench.circuit.state() == CircuitState::open);
    bench.cool_down();
    bench.call(answer(200));
    REQUIRE(bench.circuit.state() == CircuitState::closed);
    second->record(kReset, bench.now);
    CHECK(bench.circuit.state() == CircuitState::closed);
}

TEST_CASE("an operator's word counts for more than any call") {
    Settings settings;
    settings.consecutive = 1;
    settings.probes = 1;
    Bench bench(settings);
    bench.circuit.force(CircuitForced::open, bench.now);
    const auto refused = bench.circuit.ask(bench.now, 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().forced);
    bench.now += 24h;
    CHECK_FALSE(bench.call(answer(200)));
    bench.circuit.force(CircuitForced::closed, bench.now);
    bench.calls(100, kReset);
    CHECK(bench.call(kReset));
    bench.circuit.force(CircuitForced::no, bench.now);
    bench.call(kReset);
    CHECK(bench.circuit.state() == CircuitState::open);
    bench.circuit.force(CircuitForced::open, bench.now);
    bench.circuit.force(CircuitForced::no, bench.now);
    CHECK(bench.call(answer(200)));  // it begins with probes
    CHECK(bench.circuit.state() == CircuitState::recovering);
    CHECK(bench.watcher.told == "forced:open forced:closed forced:no open forced:open forced:no half_open recovering");
}

TEST_CASE("other terms leave the state, and what is counted where the window is the same") {
    Settings settings = quiet();
    settings.failures = 5;
    Bench bench(settings);
    bench.calls(4, answer(500));
    settings.failures = 3;
    bench.circuit.use({settings, 0ms}, bench.now);
    CHECK(bench.circuit.standing(bench.now).latest.failures == 4);
    bench.call(answer(500));
    CHECK(bench.circuit.state() == CircuitState::open);
    settings.window = 1h;
    bench.circuit.use({settings, 0ms}, bench.now);
    CHECK(bench.circuit.state() == CircuitState::open);
}

TEST_CASE("a circuit that is shared exactly follows the others, and probes when it is its turn") {
    Settings settings;
    settings.probes = 1;
    settings.recovery = 0ms;
    Bench bench(settings);
    bench.watcher.alone = false;
    bench.circuit.adopt({.state = CircuitState::open, .forced = {}, .cooldown = 10s, .why = "elsewhere"}, bench.now);
    CHECK(bench.watcher.changes.back().remote);
    CHECK_FALSE(bench.call(answer(200)));
    bench.now += 10s;
    CHECK_FALSE(bench.call(answer(200)));
    CHECK_FALSE(bench.call(answer(200)));
    CHECK(bench.watcher.asked == 1);
    bench.circuit.grant_probes(bench.now);
    CHECK(bench.call(answer(200)));
    CHECK(bench.circuit.state() == CircuitState::closed);
    CHECK_FALSE(bench.watcher.changes.back().remote);
    bench.circuit.adopt({.state = CircuitState::open, .forced = {}, .cooldown = 10s, .why = "elsewhere"}, bench.now);
    bench.circuit.adopt({.state = CircuitState::closed, .forced = {}, .why = "well again"}, bench.now);
    CHECK(bench.call(answer(200)));
    bench.circuit.adopt({.state = CircuitState::closed, .forced = CircuitForced::open, .why = "an operator"},
                        bench.now);
    CHECK_FALSE(bench.call(answer(200)));
}

TEST_CASE("who probes for the fleet goes on with its doubling") {
    Settings settings;
    settings.probes = 1;
    settings.cooldown = 10s;
    Bench bench(settings);
    bench.circuit.adopt({.state = CircuitState::open, .forced = {}, .cooldown = 40s, .repeats = 2}, bench.now);
    bench.cool_down();
    bench.circuit.grant_probes(bench.now);
    CHECK(bench.call(answer(500)));
    CHECK(bench.cooldown() >= 72s);
    CHECK(bench.cooldown() <= 88s);
}

TEST_CASE("what an operator said elsewhere is told once, and one that was open begins with probes here, too") {
    Settings settings;
    settings.probes = 1;
    Bench bench(settings);
    bench.circuit.adopt({.state = CircuitState::open, .forced = CircuitForced::open}, bench.now);
    CHECK_FALSE(bench.call(answer(200)));
    bench.circuit.adopt({.state = CircuitState::open, .forced = CircuitForced::no}, bench.now);
    CHECK(bench.watcher.told == "forced:open forced:no");
    CHECK(bench.call(answer(200)));
    CHECK(bench.watcher.asked == 1);
    bench.circuit.adopt({.state = CircuitState::closed, .forced = CircuitForced::closed}, bench.now);
    CHECK(bench.watcher.told == "forced:open forced:no half_open recovering forced:closed");
    CHECK(bench.circuit.state() == CircuitState::closed);
}

TEST_CASE("a slow success is one for the fleet as well") {
    Settings settings = quiet();
    settings.slow_rate = 60;
    settings.slow = 100ms;
    Bench bench(settings);
    bench.circuit.count_for_fleet(true);
    bench.calls(2, answer(500));
    bench.now += 1s;
    bench.call(answer(200, 200ms));
    const CircuitCounts counts = bench.circuit.take_counts();
    CHECK(counts.calls == 3);
    CHECK(counts.failures == 2);
    CHECK(counts.trailing == 0);
    CHECK(counts.last_success == bench.now);
}

TEST_CASE("by advice it opens sooner, and never because another one has") {
    Settings settings;
    settings.consecutive = 0;
    settings.sharing = Settings::Sharing::advice;
    Bench bench(settings);
    bench.circuit.adopt({.state = CircuitState::open, .forced = {}, .cooldown = 10s, .why = ""}, bench.now);
    CHECK(bench.call(kReset));
    CHECK(bench.call(kReset));
    CHECK(bench.circuit.state() == CircuitState::closed);
    bench.call(kReset);
    CHECK(bench.circuit.state() == CircuitState::open);
}

TEST_CASE("out of reach of its state, a circuit that fails open lets nothing through") {
    Settings settings;
    Bench closed(settings);
    closed.circuit.set_reachable(false);
    CHECK(closed.call(answer(200)));
    settings.fail = Settings::Fail::open;
    Bench open(settings);
    open.circuit.set_reachable(false);
    CHECK_FALSE(open.call(answer(200)));
    open.circuit.set_reachable(true);
    CHECK(open.call(answer(200)));
}

TEST_CASE("circuits of one name are one while somebody holds them") {
    Circuits circuits;
    const auto first = circuits.get("id:both", {});
    CHECK(circuits.get("id:both", {}) == first);
    CHECK(circuits.find("id:both") == first);
    CHECK(circuits.find("id:other") == nullptr);
    {
        const auto passing = circuits.get("id:passing", {});
        CHECK(circuits.all().size() == 2);
    }
    CHECK(circuits.all().size() == 1);
}

TEST_CASE("property: never more than N probes are through, whatever comes back, and only all of them close it") {
    CHECK(rc::check([] {
        Settings settings;
        settings.probes = *rc::gen::inRange(1U, 6U);
        settings.cooldown = 100ms;
        settings.cooldown_most = 400ms;
        settings.recovery = 0ms;
        settings.consecutive = *rc::gen::inRange(1U, 4U);
        Bench bench(settings, 50ms);
        std::deque<std::pair<Time, CircuitPermit>> running;
        std::uint32_t good = 0;
        for (const auto step : *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 100))) {
            bench.now += std::chrono::milliseconds(step % 20);
            const auto before = bench.circuit.state();
            if (step < 50) {
                auto permit = bench.circuit.ask(bench.now, 0.5);
                if (bench.circuit.state() == CircuitState::half_open) {
                    good = before == CircuitState::half_open ? good : 0;
                    RC_ASSERT(bench.circuit.standing(bench.now).probes + good <= settings.probes);
                }
                if (permit) {
                    running.emplace_back(bench.now, std::move(*permit));
                }
            } else if (!running.empty()) {
                const std::size_t which = static_cast<std::size_t>(step) % running.size();
                auto [since, permit] = std::move(running[which]);
                running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
                const auto generation = bench.watcher.changes.size();
                const auto outcome = step < 75 ? answer(200) : step < 90 ? answer(500) : kNeutral;
                const std::size_t probes = bench.circuit.standing(bench.now).probes;
                permit.record(outcome, bench.now);
                if (before == CircuitState::half_open && bench.watcher.changes.size() == generation) {
                    const bool was_probe = bench.circuit.standing(bench.now).probes < probes;
                    good += was_probe && outcome.status == 200 && bench.now < since + 50ms ? 1 : 0;
                }
                if (before == CircuitState::half_open && bench.circuit.state() == CircuitState::closed) {
                    RC_ASSERT(good + 1 == settings.probes);
                }
            }
        }
    }));
}

TEST_CASE("property: a window sums up what a list of its calls does") {
    CHECK(rc::check([] {
        const bool by_calls = *rc::gen::arbitrary<bool>();
        const auto most = by_calls ? *rc::gen::inRange(1U, 30U) : 0U;
        CircuitWindow window(1s, most);
        struct Call {
            bool failed, slow;
            std::int64_t step;
        };
        std::deque<Call> all;
        Time now{50s};
        for (const auto what : *rc::gen::container<std::vector<int>>(100, rc::gen::inRange(0, 4000))) {
            if (what == 0) {
                window.clear();
                all.clear();
            }
            now += std::chrono::milliseconds(what % 300);
            all.push_back({what % 2 == 0, what % 3 == 0, now.time_since_epoch() / 100ms});
            window.add(all.back().failed, all.back().slow, now);
            Tally expected;
            for (std::size_t i = 0; i < all.size(); ++i) {
                const bool in = by_calls ? i + most >= all.size() : all[i].step + 10 > now.time_since_epoch() / 100ms;
                expected.calls += in ? 1 : 0;
                expected.failures += in && all[i].failed ? 1 : 0;
                expected.slow += in && all[i].slow ? 1 : 0;
            }
            RC_ASSERT(window.sum(now) == expected);
        }
    }));
}

TEST_CASE("no call is lost of those that many threads count at once") {
    for (const std::uint32_t most : {0U, 1'000'000U}) {
        CircuitWindow window(60s, most);
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 20'000; ++k) {
                    window.add(k % 4 == 0, k % 5 == 0, Time(100s) + std::chrono::milliseconds(k));
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        CHECK(window.sum(Time(120s)) == Tally{80'000, 20'000, 16'000});
    }
}

TEST_CASE("many threads at a half-open circuit get no more probes than one") {
    Settings settings;
    settings.consecutive = 1;
    Bench bench(settings);
    bench.call(kReset);
    bench.cool_down();
    std::atomic<int> through = 0;
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::vector<CircuitPermit> kept;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 100; ++k) {
                if (auto permit = bench.circuit.ask(bench.now, 0)) {
                    ++through;
                    const std::scoped_lock lock(mutex);
                    kept.push_back(std::move(*permit));
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(through == 3);
}
