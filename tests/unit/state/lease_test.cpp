// Tokens fetched ahead: none is given out twice, and no more are held than was promised.
#include "connector/state/lease.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using adit::state::Lease;
using namespace std::chrono_literals;
using Time = Lease::Time;

TEST_CASE("a lease serves what was fetched, and no token after its time") {
    Lease lease;
    const Time now{1h};
    CHECK_FALSE(lease.take(1, now));
    CHECK(lease.plan(100, now) == 1);
    CHECK(lease.plan(100, now) == 0);  // one fetch at a time
    lease.fetched(3, now);
    CHECK(lease.take(2, now));
    CHECK_FALSE(lease.take(2, now));
    CHECK_FALSE(lease.take(1, now + Lease::kLife));
    CHECK(lease.expire(now + Lease::kLife) == 1);
    CHECK(lease.expire(now + Lease::kLife) == 0);
}

TEST_CASE("a busy caller gets larger leases, an idle one smaller ones") {
    Lease lease;
    Time now{1h};
    std::uint64_t fetched = 0;
    for (int i = 0; i < 100; ++i) {
        if (const auto wanted = lease.plan(64, now)) {
            fetched = wanted;
            lease.fetched(wanted, now);
        }
        while (lease.take(1, now)) {
        }
        now += 1ms;
    }
    CHECK(fetched == 64);
    for (int i = 0; i < 20; ++i) {
        now += Lease::kLife;
        lease.expire(now);
        fetched = lease.plan(64, now);
        lease.fetched(fetched, now);
    }
    CHECK(fetched <= 2);
}

TEST_CASE("a limit with little burst is not leased at all") {
    Lease lease;
    CHECK(Lease::most(19) < 2);
    CHECK(lease.plan(Lease::most(19), Time{1h}) == 0);
}

TEST_CASE(
    "whatever happens, what was served, given back and is held is what was fetched, and never more than the most is "
    "held") {
    CHECK(rc::check([](const std::vector<std::uint8_t>& events, std::uint8_t bound) {
        const std::uint64_t most = bound;
        Lease lease;
        Time now{1h};
        std::uint64_t fetched = 0, served = 0, returned = 0, planned = 0;
        bool fetching = false;
        for (const std::uint8_t event : events) {
            switch (event % 6) {
                case 0:
                case 1:
                    served += lease.take(event % 3 + 1U, now) ? event % 3 + 1U : 0;
                    break;
                case 2:
                    if (const auto wanted = lease.plan(most, now)) {
                        RC_ASSERT(!fetching);
                        planned = wanted;
                        fetching = true;
                    }
                    break;
                case 3:
                    if (fetching && event % 5 == 0) {
                        lease.failed();
                    } else if (fetching) {
                        const std::uint64_t had = planned - event % planned;  // Redis may give fewer
                        lease.fetched(had, now);
                        fetched += had;
                    }
                    fetching = false;
                    break;
                case 4:
                    if (served > 0 && lease.give_back(1, most, now)) --served;
                    break;
                default:
                    now += std::chrono::milliseconds(event * 8);
                    returned += lease.expire(now);
            }
            const std::uint64_t held = fetched - served - returned;
            RC_ASSERT(lease.tokens(now) == held);
            RC_ASSERT(held <= most);
        }
    }));
}
