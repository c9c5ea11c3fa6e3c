// What chained connectors believe of each other.
#include "connector/route/chain.h"

#include <doctest/doctest.h>

using namespace adit;
using namespace adit::route;
using namespace std::chrono_literals;

namespace {

const Chain kOurs(Secret("0123456789abcdef0123456789abcdef"));
const WallTime kNow{1'800'000'000s};
const Hop kHop{.attempt = 2, .retries = true, .left = 1500ms};

}  // namespace

TEST_CASE("a signed word of an earlier hop is read as it was said") {
    for (const Hop& hop : {kHop, Hop{}, Hop{.attempt = 1, .retries = false, .left = 0ms}}) {
        CHECK(kOurs.read(kOurs.sign(hop, "req_1", kNow), "req_1", kNow + 5s) == hop);
    }
}

TEST_CASE("a word counts for its own request, for a while, and by its own key") {
    const std::string word = kOurs.sign(kHop, "req_1", kNow);
    CHECK_FALSE(kOurs.read(word, "req_2", kNow));
    CHECK_FALSE(kOurs.read(word, "req_1", kNow + 61s));
    CHECK_FALSE(kOurs.read(word, "req_1", kNow - 61s));
    CHECK_FALSE(Chain(Secret("another key, as long as it has to be")).read(word, "req_1", kNow));
}

TEST_CASE("a changed word is none, wherever it was changed") {
    const std::string word = kOurs.sign(kHop, "req_1", kNow);
    for (std::size_t i = 0; i < word.size(); ++i) {
        std::string other = word;
        other[i] = other[i] == 'x' ? 'y' : 'x';
        CHECK_FALSE(kOurs.read(other, "req_1", kNow));
        CHECK_FALSE(kOurs.read(word.substr(0, i), "req_1", kNow));
    }
    CHECK_FALSE(kOurs.read("1.2.3.1.-", "req_1", kNow));
}
