// When freed memory goes back to the system.
#include "common/base/free_memory.h"

#include <doctest/doctest.h>

using adit::FreeMemory;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

/// A heap of the test's, and its clock.
struct Heap {
    std::uint64_t free = 0;
    int counted = 0;
    int given_back = 0;
    FreeMemory::Time now = FreeMemory::Time{} + 1h;
    FreeMemory memory{[this] {
                          ++counted;
                          return free;
                      },
                      [this] { ++given_back; }};

    /// Ten seconds later.
    int look(std::uint64_t mebibytes) {
        free = mebibytes * kMiB;
        now += FreeMemory::kInterval;
        memory.look(now);
        return given_back;
    }
};

}  // namespace

TEST_CASE("what is freed after a peak is given back once") {
    Heap heap;
    CHECK(heap.look(2) == 0);
    CHECK(heap.look(31) == 0);
    CHECK(heap.look(400) == 1);
    CHECK(heap.look(400) == 1);  // free for the allocator, and the system has it
    CHECK(heap.look(420) == 1);
    CHECK(heap.look(432) == 2);
}

TEST_CASE("a second peak is given back as the first one was") {
    Heap heap;
    CHECK(heap.look(400) == 1);
    CHECK(heap.look(10) == 1);  // in use again
    CHECK(heap.look(400) == 2);
}

TEST_CASE("the heap is looked at every ten seconds, however often one asks") {
    Heap heap;
    heap.look(0);
    heap.free = 400 * kMiB;
    heap.memory.look(heap.now + 9'999ms);
    heap.memory.give_back(heap.now + 9'999ms);
    CHECK(heap.counted == 1);
    CHECK(heap.given_back == 0);
    heap.memory.look(heap.now + 10s);
    CHECK(heap.given_back == 1);
}

TEST_CASE("while memory is short, whatever is free is given back") {
    Heap heap;
    heap.free = kMiB;
    heap.memory.give_back(heap.now);
    heap.memory.give_back(heap.now + 10s);
    CHECK(heap.given_back == 2);
}
