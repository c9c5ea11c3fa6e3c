// How many of a kind each party has.
#include "common/base/tally.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using adit::Tally;

TEST_CASE("a party has so many and no more, and one that is given back can be had again") {
    Tally<std::string> tally;
    std::vector<Tally<std::string>::Share> shares;
    shares.push_back(tally.enter("a", 2));
    shares.push_back(tally.enter("a", 2));
    CHECK(shares.front());
    CHECK_FALSE(tally.enter("a", 2));
    CHECK(tally.enter("b", 2));  // and is given back at once
    CHECK(tally.parties() == 1);
    shares.pop_back();
    CHECK(tally.enter("a", 2));
    shares.clear();
    CHECK(tally.parties() == 0);
}

TEST_CASE("a share that was moved away counts once, and the bound may change while shares are out") {
    Tally<int> tally;
    auto share = tally.enter(1, 1);
    auto same = std::move(share);
    CHECK(same);
    CHECK_FALSE(tally.enter(1, 1));
    CHECK(tally.enter(1, 2));
    CHECK_FALSE(tally.enter(1, 0));
}

TEST_CASE("where nothing may be had nobody is remembered") {
    Tally<int> tally;
    CHECK_FALSE(tally.enter(1, 0));
    CHECK(tally.parties() == 0);
}
