// Whom to ask: nobody waits behind a reply that is overdue, and a store that fails is left in peace.
#include "connector/state/trust.h"

#include <doctest/doctest.h>

using namespace adit::state;
using namespace std::chrono_literals;
using Time = Trust::Time;

namespace {

constexpr auto kTimeout = 50ms;
const Time kNow{1h};

bool asks(const Trust& trust) {
    return trust.may_ask(kNow, Time::max(), kTimeout);
}

}  // namespace

TEST_CASE("nobody waits behind a reply that is overdue") {
    const Trust trust;
    CHECK(trust.may_ask(kNow, kNow - 49ms, kTimeout));
    CHECK_FALSE(trust.may_ask(kNow, kNow - 50ms, kTimeout));
}

TEST_CASE("failures in a row end the asking, a success in between does not let them add up") {
    Trust trust;
    for (int i = 0; i < 10; ++i) {
        trust.failed();
        trust.failed();
        CHECK(asks(trust));
        trust.answered();
    }
    trust.failed();
    trust.failed();
    trust.failed();
    CHECK_FALSE(asks(trust));
}

TEST_CASE("all who wait in one hiccup are late once") {
    Trust trust;
    const Time noticed = kNow + kTimeout;
    for (int i = 0; i < 100; ++i) trust.late(kNow + i * 400us, noticed + i * 400us);
    CHECK(asks(trust));
    trust.late(noticed + 60ms, noticed + 110ms);
    CHECK(asks(trust));
    trust.late(noticed + 160ms, noticed + 210ms);
    CHECK_FALSE(asks(trust));
}

TEST_CASE("who rested is trusted on trial") {
    Trust trust;
    for (int i = 0; i < 3; ++i) trust.failed();
    trust.answered();
    CHECK(asks(trust));
    trust.failed();
    CHECK_FALSE(asks(trust));
    trust.answered();
    trust.answered();
    trust.failed();
    CHECK(asks(trust));
}

TEST_CASE("probes come less and less often while it rests, and soon again after it has recovered") {
    Trust trust;
    CHECK(trust.next_probe() == Trust::kProbeIdle);
    trust.probes();
    for (int i = 0; i < 3; ++i) trust.failed();
    auto last = 0ms;
    for (int i = 0; i < 10; ++i) {
        const auto pause = trust.next_probe();
        CHECK(trust.next_probe() == pause);  // however often somebody asks
        trust.probes();
        CHECK(pause >= last);
        CHECK(pause <= Trust::kProbeMost);
        last = pause;
    }
    CHECK(last == Trust::kProbeMost);
    trust.answered();
    trust.answered();
    for (int i = 0; i < 3; ++i) trust.failed();
    CHECK(trust.next_probe() == Trust::kProbeFirst);
}
