// Bulkheads: never more in progress than there are places, whoever waits gets a place that is given up.
#include "connector/resilience/bulkhead.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <thread>
#include <vector>

#include "connector/resilience/bulkhead_table.h"

using namespace adit::resilience;
using Bounds = adit::config::Bulkhead;
using Entry = Bulkhead::Entry;

namespace {

struct Waits final : Turn {
    void come() noexcept override { came = true; }
    std::atomic<bool> came = false;
};

}  // namespace

TEST_CASE("there are as many places as configured, then a queue, then nothing") {
    Bulkhead bulkhead;
    const Bounds bounds{.concurrent = 2, .queue = 1};
    Waits a, b, c, d;
    CHECK(bulkhead.enter(bounds, a) == Entry::entered);
    CHECK(bulkhead.enter(bounds, b) == Entry::entered);
    CHECK(bulkhead.enter(bounds, c) == Entry::queued);
    CHECK(bulkhead.enter(bounds, d) == Entry::full);
    CHECK(bulkhead.in_progress() == 2);
    CHECK(bulkhead.waiting() == 1);
    bulkhead.leave();
    CHECK(c.came);
    CHECK(bulkhead.in_progress() == 2);
    bulkhead.leave();
    bulkhead.leave();
    CHECK(bulkhead.in_progress() == 0);
}

TEST_CASE("nobody takes a place past somebody who waits") {
    Bulkhead bulkhead;
    const Bounds bounds{.concurrent = 1, .queue = 4};
    Waits a, b, c;
    CHECK(bulkhead.enter(bounds, a) == Entry::entered);
    CHECK(bulkhead.enter(bounds, b) == Entry::queued);
    CHECK_FALSE(bulkhead.try_enter(bounds));
    CHECK(bulkhead.enter(bounds, c) == Entry::queued);
    bulkhead.leave();
    CHECK(b.came);
    CHECK_FALSE(c.came);
    bulkhead.leave();
    CHECK(c.came);
    bulkhead.leave();
}

TEST_CASE("beyond half of the queue the last to come is served first") {
    Bulkhead bulkhead;
    const Bounds bounds{.concurrent = 1, .queue = 4};
    Waits first;
    std::deque<Waits> turns(4);
    CHECK(bulkhead.enter(bounds, first) == Entry::entered);
    for (Waits& turn : turns) {
        CHECK(bulkhead.enter(bounds, turn) == Entry::queued);
    }
    std::vector<int> order;
    for (int i = 0; i < 4; ++i) {
        bulkhead.leave();
        for (int k = 0; k < 4; ++k) {
            if (turns[k].came.exchange(false)) {
                order.push_back(k);
            }
        }
    }
    CHECK(order == std::vector<int>{3, 2, 0, 1});
    bulkhead.leave();
}

TEST_CASE("who gives up has no place; who gives up too late has one") {
    Bulkhead bulkhead;
    const Bounds bounds{.concurrent = 1, .queue = 4};
    Waits a, b, c;
    CHECK(bulkhead.enter(bounds, a) == Entry::entered);
    CHECK(bulkhead.enter(bounds, b) == Entry::queued);
    CHECK(bulkhead.withdraw(b));
    CHECK(bulkhead.enter(bounds, c) == Entry::queued);
    bulkhead.leave();
    CHECK_FALSE(b.came);
    CHECK(c.came);
    CHECK_FALSE(bulkhead.withdraw(c));
    bulkhead.leave();
    CHECK(bulkhead.in_progress() == 0);
    CHECK(bulkhead.waiting() == 0);
}

TEST_CASE("a reload changes bounds and forgets nobody") {
    Bulkhead bulkhead;
    Waits a, b, c, d;
    CHECK(bulkhead.enter({.concurrent = 1, .queue = 4}, a) == Entry::entered);
    CHECK(bulkhead.enter({.concurrent = 1, .queue = 4}, b) == Entry::queued);
    CHECK(bulkhead.enter({.concurrent = 3, .queue = 4}, c) == Entry::entered);
    CHECK(b.came);
    CHECK_FALSE(bulkhead.try_enter({.concurrent = 2, .queue = 0}));
    bulkhead.leave();
    CHECK_FALSE(bulkhead.try_enter({.concurrent = 2, .queue = 0}));
    bulkhead.leave();
    CHECK(bulkhead.try_enter({.concurrent = 2, .queue = 0}));
    CHECK(bulkhead.in_progress() == 2);
}

TEST_CASE("whatever comes, waits, gives up and leaves: never more than the bounds, and no place is lost") {
    CHECK(rc::check("counts", [] {
        Bulkhead bulkhead;
        const Bounds bounds{.concurrent = *rc::gen::inRange<std::uint32_t>(1, 5),
                            .queue = *rc::gen::inRange<std::uint32_t>(0, 5)};
        std::deque<Waits> turns(60);
        std::vector<Waits*> waiting;
        std::uint32_t inside = 0;
        for (Waits& turn : turns) {
            switch (*rc::gen::inRange(0, 4)) {
                case 0:
                    if (inside > 0) {
                        --inside;
                        bulkhead.leave();
                    }
                    break;
                case 1:
                    if (!waiting.empty()) {
                        RC_ASSERT(bulkhead.withdraw(*waiting.front()));
                        waiting.erase(waiting.begin());
                    }
                    break;
                default: {
                    const Entry entry = bulkhead.enter(bounds, turn);
                    inside += entry == Entry::entered ? 1 : 0;
                    if (entry == Entry::queued) {
                        waiting.push_back(&turn);
                    }
                    RC_ASSERT(entry != Entry::full || waiting.size() == bounds.queue);
                }
            }
            inside += static_cast<std::uint32_t>(std::erase_if(waiting, [](Waits* one) { return one->came.load(); }));
            RC_ASSERT(bulkhead.in_progress() == inside);
            RC_ASSERT(bulkhead.waiting() == waiting.size());
            RC_ASSERT(inside <= bounds.concurrent);
            RC_ASSERT(waiting.empty() || inside == bounds.concurrent);
        }
        for (Waits* one : waiting) {
            bulkhead.withdraw(*one);
        }
    }));
}

TEST_CASE("threads together never have more places than there are, and all are served in the end") {
    Bulkhead bulkhead;
    const Bounds bounds{.concurrent = 3, .queue = 100};
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::atomic<int> served = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < 500; ++k) {
                Waits turn;
                const Entry entry = bulkhead.enter(bounds, turn);
                while (entry == Entry::queued && !turn.came) {
                    std::this_thread::yield();
                }
                const int now = ++inside;
                int seen = most;
                while (seen < now && !most.compare_exchange_weak(seen, now)) {
                }
                served += entry == Entry::full ? 0 : 1;
                --inside;
                bulkhead.leave();
            }
        });
    }
    threads.clear();
    CHECK(most <= 3);
    CHECK(served == 3'000);
    CHECK(bulkhead.in_progress() == 0);
    CHECK(bulkhead.waiting() == 0);
}

TEST_CASE("a table keeps who has something in progress, and no more than it has room for") {
    BulkheadTable table(16);
    const Bounds bounds{.concurrent = 1};
    const auto held = table.find_or_make(16);
    CHECK(held->try_enter(bounds));
    CHECK(table.find_or_make(16) == held);
    CHECK(table.find_or_make(32) == nullptr);  // of the same shard, whose only place is taken
    held->leave();
    CHECK(table.sum().callers == 0);
    CHECK(table.find_or_make(17) != nullptr);
}
