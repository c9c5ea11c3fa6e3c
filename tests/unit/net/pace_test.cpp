// The least rate of a peer whose turn it is.
#include "common/net/pace.h"

#include <doctest/doctest.h>

using namespace adit::net;
using namespace std::chrono_literals;

namespace {

constexpr LeastRate kLeast{1024, 10s};

/// So many seconds of waiting, in each of which so much moves; the second in which it was too slow, or 0.
int given_up_after(Pace& pace, int seconds, std::int64_t each, std::int64_t total = 0) {
    for (int i = 1; i <= seconds; ++i) {
        pace.waited(1s);
        pace.moved(total += each);
        if (pace.too_slow()) {
            return i;
        }
    }
    return 0;
}

}  // namespace

TEST_CASE("who sends nothing has the grace, and who sends a little not much more") {
    Pace silent(kLeast);
    CHECK(given_up_after(silent, 100, 0) == 11);
    Pace trickling(kLeast);
    CHECK(given_up_after(trickling, 100, 100) == 12);
    Pace nearly(kLeast);
    CHECK(given_up_after(nearly, 100, 512) == 21);
}

TEST_CASE("who keeps the rate may go on for ever, in however large pieces") {
    Pace steady(kLeast);
    CHECK(given_up_after(steady, 100'000, 1024) == 0);
    Pace pieces(kLeast);
    std::int64_t total = 0;
    for (int i = 0; i < 1'000; ++i) {
        CHECK(given_up_after(pieces, 9, 0, total) == 0);
        pieces.moved(total += 9 * 1024);
    }
}

TEST_CASE("time in which it is not the peer's turn does not count") {
    Pace pace(kLeast);
    pace.waited(9s);
    pace.moved(0);  // an hour of ours passes here: nobody says that it was waited
    CHECK_FALSE(pace.too_slow());
    pace.waited(1s);
    CHECK_FALSE(pace.too_slow());
    pace.waited(1ms);
    CHECK(pace.too_slow());
}

TEST_CASE("a fast start earns a minute, whatever it was worth") {
    Pace pace(kLeast);
    pace.moved(100'000'000'000);
    CHECK(given_up_after(pace, 1'000, 0, 100'000'000'000) == 71);
}

TEST_CASE("less than before is no progress, and what is made up for counts from there") {
    Pace pace(kLeast);
    pace.waited(5s);
    pace.moved(-50'000);
    CHECK_FALSE(pace.too_slow());
    pace.waited(5s);
    pace.moved(-40'000);  // worth 9.7 seconds
    pace.waited(9s);
    CHECK_FALSE(pace.too_slow());
    pace.waited(1s);
    CHECK(pace.too_slow());
}

TEST_CASE("the largest rate and the smallest count right") {
    Pace fast({64 << 20, 1s});
    fast.moved(std::int64_t{1} << 50);
    CHECK(given_up_after(fast, 100, 0, std::int64_t{1} << 50) == 62);
    Pace slow({1, 10s});
    CHECK(given_up_after(slow, 1'000, 1) == 0);
}
