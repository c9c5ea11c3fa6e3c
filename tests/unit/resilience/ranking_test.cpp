// Levels of priority and zone, what each takes, and who is left for the worst.
#include "connector/resilience/ranking.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <set>

using namespace adit::resilience;

namespace {

constexpr std::uint32_t kPanic = 50;

Ranking ranked(const std::vector<Entrant>& entrants, std::uint32_t panic = kPanic) {
    Ranking ranking;
    ranking.make(entrants, panic);
    return ranking;
}

std::vector<std::uint32_t> members(const Ranking& ranking, std::size_t rank) {
    const Rank& one = ranking.ranks.at(rank);
    return {ranking.members.begin() + one.first, ranking.members.begin() + one.last};
}

/// Which part of all requests begins with a rank.
double share(const Ranking& ranking, std::size_t rank) {
    return ranking.ranks.at(rank).until - (rank == 0 ? 0.0 : ranking.ranks[rank - 1].until);
}

using Members = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("endpoints that are all alike are one rank") {
    const Ranking ranking = ranked({{}, {}, {}});
    REQUIRE(ranking.ranks.size() == 1);
    CHECK(members(ranking, 0) == Members{0, 1, 2});
    CHECK(ranking.ranks[0].even);
    CHECK(share(ranking, 0) == doctest::Approx(1.0));
    CHECK_FALSE(ranking.panicking);
}

TEST_CASE("a lower priority waits until the higher one is short of endpoints, and then takes what that lacks") {
    std::vector<Entrant> all(8);
    for (std::size_t i = 4; i < 8; ++i) {
        all[i].priority = 1;
    }
    CHECK(share(ranked(all), 0) == doctest::Approx(1.0));
    all[0].fitness = Fitness::unhealthy;  // 3 of 4, with the reserve enough for all
    CHECK(share(ranked(all), 0) == doctest::Approx(1.0));
    all[1].fitness = Fitness::ejected;
    const Ranking half = ranked(all);
    CHECK(share(half, 0) == doctest::Approx(0.7));
    CHECK(share(half, 1) == doctest::Approx(0.3));
    CHECK(members(half, 0) == Members{2, 3});
    CHECK(members(half, 1) == Members{4, 5, 6, 7});
    CHECK(members(half, 2) == Members{1});  // ejected: when all else has failed
    CHECK_FALSE(half.panicking);
    all[2].avoided = all[3].avoided = true;
    const Ranking none = ranked(all);
    CHECK(members(none, 0) == Members{4, 5, 6, 7});
    CHECK(share(none, 0) == doctest::Approx(1.0));
    CHECK(members(none, 1) == Members{2, 3});
    CHECK(none.begin(0.0) == 0);
    CHECK(none.begin(0.9999) == 0);
}

TEST_CASE("our own zone comes first within a priority") {
    const Ranking ranking = ranked({{.near = false}, {}, {.priority = 1}, {.near = false}});
    CHECK(members(ranking, 0) == Members{1});
    CHECK(members(ranking, 1) == Members{0, 3});
    CHECK(members(ranking, 2) == Members{2});
    CHECK(share(ranking, 0) == doctest::Approx(1.0));
}

TEST_CASE("who weighs nothing is asked when nobody else is well, before those that are ill") {
    const Ranking ranking = ranked({{.weight = 0}, {}, {.avoided = true}, {.fitness = Fitness::ejected}});
    CHECK(members(ranking, 0) == Members{1});
    CHECK(members(ranking, 1) == Members{0});
    CHECK(members(ranking, 2) == Members{2});
    CHECK(members(ranking, 3) == Members{3});
    CHECK(ranked({{.weight = 0}}).ranks.size() == 1);
}

TEST_CASE("with fewer healthy endpoints than the threshold all are used, and that is told") {
    const Entrant ill{.fitness = Fitness::unhealthy};
    const Ranking two = ranked({{}, {}, ill, ill});
    CHECK(members(two, 0) == Members{0, 1});
    CHECK_FALSE(two.panicking);
    const Ranking one = ranked({{}, ill, ill, ill});
    CHECK(members(one, 0) == Members{0, 1, 2, 3});
    CHECK(one.panicking);
    const Ranking none = ranked({ill, ill});
    CHECK(members(none, 0) == Members{0, 1});
    CHECK(none.panicking);
}

TEST_CASE("without a panic threshold the unhealthy are never asked") {
    const Entrant ill{.fitness = Fitness::unhealthy};
    CHECK(members(ranked({{}, ill, ill, ill}, 0), 0) == Members{0});
    CHECK(ranked({ill, ill}, 0).ranks.empty());
}

TEST_CASE("a level that is ill while another can take everything does not panic") {
    const Entrant ill{.fitness = Fitness::unhealthy};
    const Ranking ranking = ranked({ill, ill, {.priority = 1}});
    CHECK(members(ranking, 0) == Members{2});
    CHECK_FALSE(ranking.panicking);
}

TEST_CASE("endpoints out of reach are not a reason to panic, and are tried when there is nobody else") {
    const Ranking ranking = ranked({{.avoided = true}, {.avoided = true}, {.priority = 1, .avoided = true}});
    CHECK_FALSE(ranking.panicking);
    CHECK(members(ranking, 0) == Members{0, 1});
    CHECK(members(ranking, 1) == Members{2});
}

TEST_CASE("draws follow weights") {
    const Ranking ranking = ranked({{.weight = 1}, {.weight = 3}});
    const Rank& rank = ranking.ranks[0];
    CHECK_FALSE(rank.even);
    CHECK(ranking.drawn(rank, 0.0) == 0);
    CHECK(ranking.drawn(rank, 0.24) == 0);
    CHECK(ranking.drawn(rank, 0.26) == 1);
    CHECK(ranking.drawn(rank, 0.9999999) == 1);
}

TEST_CASE("property: everybody who may be asked stands once, shares are whole, and the healthy come first") {
    CHECK(rc::check([] {
        std::vector<Entrant> entrants;
        for (const int seed : *rc::gen::container<std::vector<int>>(*rc::gen::inRange<std::size_t>(1, 24),
                                                                    rc::gen::inRange(0, 1 << 12))) {
            entrants.push_back({.priority = static_cast<std::uint32_t>(seed % 3),
                                .near = (seed >> 2) % 2 == 0,
                                .weight = static_cast<double>((seed >> 4) % 4),
                                .fitness = static_cast<Fitness>((seed >> 6) % 3),
                                .avoided = (seed >> 9) % 4 == 0});
        }
        const std::uint32_t panic = *rc::gen::element(0U, 50U, 100U);
        const Ranking ranking = ranked(entrants, panic);
        const std::set<std::uint32_t> distinct(ranking.members.begin(), ranking.members.end());
        RC_ASSERT(distinct.size() == ranking.members.size());
        bool well = false;
        for (std::size_t i = 0; i < entrants.size(); ++i) {
            RC_ASSERT(distinct.contains(static_cast<std::uint32_t>(i)) || entrants[i].fitness == Fitness::unhealthy);
            well = well || (entrants[i].fitness == Fitness::well && !entrants[i].avoided && entrants[i].weight > 0);
        }
        double last = 0.0;
        for (const Rank& rank : ranking.ranks) {
            RC_ASSERT(rank.until >= last);
            RC_ASSERT(rank.size() > 0U);
            last = rank.until;
        }
        RC_ASSERT(!well || (last > 0.999 && last < 1.001));
        if (well && !ranking.panicking) {
            const Rank& first = ranking.ranks[ranking.begin(0.5)];
            for (std::uint32_t at = first.first; at < first.last; ++at) {
                RC_ASSERT(entrants[ranking.members[at]].fitness == Fitness::well);
            }
        }
    }));
}
