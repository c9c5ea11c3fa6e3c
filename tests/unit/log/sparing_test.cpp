// Lines that others can cause as often as they like.
#include "common/log/sparing.h"

#include <doctest/doctest.h>

using adit::logging::Sparing;
using namespace std::chrono_literals;

TEST_CASE("a few lines of a kind are written at once, and then two a second") {
    Sparing sparing;
    const Sparing::Time start = Sparing::Time{} + 1h;
    int written = 0;
    for (int i = 0; i < 100; ++i) {
        written += sparing.may_write("a", start) ? 1 : 0;
    }
    CHECK(written == 5);
    CHECK(sparing.may_write("b", start));
    for (int i = 0; i < 10'000; ++i) {
        written += sparing.may_write("a", start + i * 1ms) ? 1 : 0;
    }
    CHECK(written == 5 + 19);
    CHECK(sparing.may_write("a", start + 1h));
}

TEST_CASE("what was left out is told once, ten seconds after the first of it") {
    Sparing sparing;
    const Sparing::Time start = Sparing::Time{} + 1h;
    CHECK(sparing.take_left_out(start).empty());
    for (int i = 0; i < 105; ++i) {
        sparing.may_write("a", start);
    }
    CHECK(sparing.take_left_out(start + 9s).empty());
    const auto told = sparing.take_left_out(start + 10s);
    REQUIRE(told.size() == 1);
    CHECK(told.front().first == "a");
    CHECK(told.front().second == 100);
    CHECK(sparing.take_left_out(start + 20s).empty());
}
