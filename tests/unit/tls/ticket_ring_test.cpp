// Keys of tickets: when they seal, when they still open, when they are gone.
#include "common/tls/ticket_ring.h"

#include <doctest/doctest.h>

#include "common/base/locked_memory.h"

using namespace adit;
using namespace std::chrono_literals;

namespace {

struct Clock {
    tls::TicketRing::Time now{};
};

tls::TicketRing ring_by(Clock& clock) {
    return tls::TicketRing(1h, [&clock] { return clock.now; });
}

}  // namespace

TEST_CASE("one key seals for an interval") {
    Clock clock;
    auto ring = ring_by(clock);
    const auto first = ring.sealing();
    clock.now += 59min;
    const auto same = ring.sealing();
    CHECK(same.name == first.name);
    CHECK(same.cipher() == first.cipher());
    CHECK(same.mac() == first.mac());
    CHECK((first.cipher().size() == 32 && first.mac().size() == 32 && first.cipher() != first.mac()));
    CHECK_FALSE(ring.opening(first.name)->is_old);
    clock.now += 1min;
    CHECK(ring.sealing().name != first.name);
}

TEST_CASE("a key that seals no more opens for another interval, and asks for a new ticket") {
    Clock clock;
    auto ring = ring_by(clock);
    const auto first = ring.sealing();
    clock.now += 119min;
    const auto opening = ring.opening(first.name);
    REQUIRE(opening);
    CHECK(opening->is_old);
    CHECK(opening->key.cipher() == first.cipher());
    clock.now += 1min;
    CHECK_FALSE(ring.opening(first.name));
}

TEST_CASE("old keys go though nobody connects") {
    Clock clock;
    auto ring = ring_by(clock);
    const auto first = ring.sealing();
    for (int i = 0; i < 4; ++i) {
        clock.now += 30min;
        ring.turn();
    }
    CHECK_FALSE(ring.opening(first.name));
    const auto last = ring.sealing();
    clock.now += 24h;  // as after a machine's sleep
    CHECK_FALSE(ring.opening(last.name));
}

TEST_CASE("a name that there never was opens nothing") {
    Clock clock;
    auto ring = ring_by(clock);
    ring.sealing();
    CHECK_FALSE(ring.opening({}));
}

TEST_CASE("keys of tickets are in memory for secrets") {
    Clock clock;
    auto ring = ring_by(clock);
    CHECK(is_for_secrets(ring.sealing().bytes.reveal().data()));
}
