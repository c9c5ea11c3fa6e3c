// Consistent hashing: shares as weights say, and keys that stay where they are.
#include "connector/resilience/ring.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>

using namespace adit::resilience;

namespace {

std::vector<Ring::Place> places(std::size_t count) {
    std::vector<Ring::Place> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back({"http://10.0.0." + std::to_string(i) + ":8080", 1});
    }
    return all;
}

std::size_t anybody(const Ring& ring, std::uint64_t key) {
    return *ring.find(key, [](std::uint32_t) { return true; });
}

}  // namespace

TEST_CASE("hashes are the same on every machine") {
    CHECK(stable_hash("") == 0xf52a15e9a9b5e89b);
    CHECK(stable_hash("alice") == stable_hash(std::string("alice")));
    CHECK(stable_hash("alice") != stable_hash("alicf"));
}

TEST_CASE("keys spread as weights say") {
    auto all = places(4);
    all[3].weight = 5;
    const Ring ring(all);
    std::map<std::size_t, int> got;
    for (int i = 0; i < 80'000; ++i) {
        ++got[anybody(ring, stable_hash("key " + std::to_string(i)))];
    }
    for (const std::size_t i : {0UL, 1UL, 2UL}) {
        CHECK(got[i] > 7'000);
        CHECK(got[i] < 13'000);
    }
    CHECK(got[3] > 46'000);
    CHECK(got[3] < 54'000);
}

TEST_CASE("an endpoint without weight has no keys, and a ring without places answers nobody") {
    auto all = places(2);
    all[1].weight = 0;
    const Ring ring(all);
    for (std::uint64_t key = 0; key < 1000; ++key) {
        CHECK(anybody(ring, stable_hash(std::to_string(key))) == 0);
    }
    CHECK_FALSE(Ring({}).find(7, [](std::uint32_t) { return true; }));
    CHECK_FALSE(ring.find(7, [](std::uint32_t) { return false; }));
}

TEST_CASE("points are bounded however far weights are apart") {
    auto all = places(2);
    all[1].weight = 1'000'000;
    CHECK(Ring(all).points() <= 65'537);
    CHECK(Ring(places(256)).points() == 256 * 160);
}

TEST_CASE("property: when one goes only its keys move, and they come back with it") {
    CHECK(rc::check([] {
        const std::size_t count = *rc::gen::inRange<std::size_t>(2, 20);
        const auto gone = *rc::gen::inRange<std::size_t>(0, count);
        const Ring ring(places(count));
        auto fewer = places(count);
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(gone));
        const Ring without(fewer);
        for (const auto key :
             *rc::gen::container<std::vector<std::uint64_t>>(200, rc::gen::arbitrary<std::uint64_t>())) {
            const std::uint64_t hash = stable_hash(std::to_string(key));
            const std::size_t before = anybody(ring, hash);
            const std::size_t skipped = *ring.find(hash, [&](std::uint32_t place) { return place != gone; });
            const std::size_t configured = anybody(without, hash);
            RC_ASSERT(skipped == (configured >= gone ? configured + 1 : configured));
            RC_ASSERT(before == gone || before == skipped);
        }
    }));
}
