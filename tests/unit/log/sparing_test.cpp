// Lines that others can cause as often as they like.
#include "common/log/sparing.h"

#include <doctest/doctest.h>

#include <string>

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

TEST_CASE("where more lines are expected, more are written at once") {
    Sparing sparing(40);
    const Sparing::Time start = Sparing::Time{} + 1h;
    int written = 0;
    for (int i = 0; i < 100; ++i) {
        written += sparing.may_write("key " + std::to_string(i % 2), start) ? 1 : 0;
    }
    CHECK(written == 80);
    CHECK(sparing.may_write("key 0", start + 500ms));
    CHECK_FALSE(sparing.may_write("key 0", start + 500ms));
}

TEST_CASE("a kind is not forgotten before all of its lines may be written again") {
    Sparing sparing(2);
    const Sparing::Time start = Sparing::Time{} + 1h;
    CHECK(sparing.may_write("a", start));
    CHECK(sparing.may_write("a", start));
    CHECK(sparing.take_left_out(start + 400ms).empty());
    CHECK_FALSE(sparing.may_write("a", start + 400ms));
    CHECK(sparing.take_left_out(start + 20s).size() == 1);
    CHECK(sparing.may_write("a", start + 20s));
    CHECK(sparing.may_write("a", start + 20s));
    CHECK_FALSE(sparing.may_write("a", start + 20s));
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
