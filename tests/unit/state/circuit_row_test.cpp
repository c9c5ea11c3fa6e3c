// One circuit of the fleet: what is said again, and what is made of the store's answers.
#include "connector/state/circuit_row.h"

#include <doctest/doctest.h>

using namespace adit::state;
using namespace adit::resilience;
using namespace std::chrono_literals;

namespace {

Reply number(std::int64_t value) {
    return {.kind = Reply::Kind::integer, .integer = value};
}
Reply text(std::string value) {
    return {.kind = Reply::Kind::text, .text = std::move(value)};
}

struct Told {
    std::int64_t generation = 1;
    CircuitState state = CircuitState::closed;
    std::int64_t left = 0;
    bool ours = false;
    std::string forced = {};
    std::int64_t forced_at = 0;
    std::int64_t repeats = 0;
};

Reply answer(const Told& told) {
    return {.kind = Reply::Kind::array,
            .items = {number(told.generation), number(static_cast<std::int64_t>(told.state)), number(told.left),
                      number(told.ours ? 1 : 0), text("why"), text(told.forced), number(told.forced_at),
                      number(told.repeats)}};
}

CircuitRow known(std::int64_t generation, std::int64_t forced_at = 0) {
    CircuitRow row;
    row.known = generation;
    row.forced_known = forced_at;
    return row;
}

}  // namespace

TEST_CASE("what the store has not taken is said again, and what is newer counts") {
    CircuitRow row = known(1);
    row.word.add({.event = "open", .cooldown = 3s, .why = "failures"});
    row.word.add({.force = "closed"});
    row.not_taken(CircuitRow::Loss::likely);
    CHECK(row.has_news());
    row.word.add({.wants_probes = true});
    CHECK(row.word.event == "open");
    CHECK(row.word.force == "closed");
    row.word.add({.event = "closed", .why = "it has recovered"});
    CHECK(row.word.why == "it has recovered");
    row.taken();
    CHECK_FALSE(row.has_news());
}

TEST_CASE("calls add up until they are taken, and none is counted twice") {
    CircuitRow row = known(1);
    row.count({.calls = 3, .failures = 2, .trailing = 2});
    row.not_taken(CircuitRow::Loss::certain);
    row.count({.calls = 2, .failures = 2, .trailing = 2});
    CHECK(row.counts.calls == 5);
    CHECK(row.counts.trailing == 4);
    row.count({.calls = 2, .failures = 1, .trailing = 1});  // one was well
    CHECK(row.counts.trailing == 1);
    row.not_taken(CircuitRow::Loss::likely);
    CHECK(row.counts.calls == 0);
}

TEST_CASE("a circuit and its row that are the same need nothing") {
    CHECK_FALSE(known(4).hear(answer({.generation = 4}), CircuitState::closed, false));
    CHECK_FALSE(known(4).hear(answer({.generation = 4, .state = CircuitState::half_open, .ours = true}),
                              CircuitState::open, false));
    CHECK_FALSE(known(4).hear(answer({.generation = 4, .state = CircuitState::half_open}), CircuitState::open, false));
    CHECK_FALSE(known(4).hear(Reply(), CircuitState::open, false));
}

TEST_CASE("one that went on alone follows its row, unless it has something to say to that") {
    for (const auto [here, there] :
         {std::pair(CircuitState::open, CircuitState::closed), std::pair(CircuitState::closed, CircuitState::open)}) {
        const auto order = known(4).hear(answer({.generation = 4, .state = there, .left = 70}), here, false);
        REQUIRE(order);
        CHECK_FALSE(order->changed);
        CHECK(order->news->state == there);
        CHECK(order->news->cooldown == 70ms);
        CHECK_FALSE(known(4).hear(answer({.generation = 4, .state = there}), here, true));
    }
}

TEST_CASE("another generation counts, whatever a circuit thinks of itself") {
    CircuitRow row = known(4);
    const auto order = row.hear(answer({.generation = 5, .state = CircuitState::open, .left = 9000, .repeats = 2}),
                                CircuitState::closed, true);
    REQUIRE(order);
    CHECK(order->changed);
    CHECK(order->news->state == CircuitState::open);
    CHECK(order->news->repeats == 2);
    CHECK(row.known == 5);
}

TEST_CASE("probes that are ours are granted, those of another leave it open") {
    const Told half{.generation = 5, .state = CircuitState::half_open, .left = 500};
    const auto other = known(4).hear(answer(half), CircuitState::open, false);
    REQUIRE(other);
    CHECK_FALSE(other->probes);
    CHECK(other->news->state == CircuitState::open);
    Told ours = half;
    ours.ours = true;
    const auto own = known(4).hear(answer(ours), CircuitState::open, false);
    REQUIRE(own);
    CHECK(own->probes);
    CHECK_FALSE(own->news);
}

TEST_CASE("an operator's word is heard once, and whenever it is another one") {
    CircuitRow row = known(4, 1'000);
    CHECK_FALSE(row.hear(answer({.generation = 4, .forced = "open", .forced_at = 1'000}), CircuitState::closed, false));
    CHECK_FALSE(row.hear(answer({.generation = 4}), CircuitState::closed, false));  // the row was forgotten
    const auto order =
        row.hear(answer({.generation = 4, .forced = "no", .forced_at = 2'000}), CircuitState::closed, false);
    REQUIRE(order);
    CHECK(order->news->forced == CircuitForced::no);
    CHECK(row.forced_known == 2'000);
}

TEST_CASE("a circuit is open for a day at most, whatever the store says") {
    for (const std::int64_t left : {INT64_MAX, INT64_MIN}) {
        const auto order = known(4).hear(answer({.generation = 5, .state = CircuitState::open, .left = left}),
                                         CircuitState::closed, false);
        REQUIRE(order);
        REQUIRE(order->news);
        CHECK(order->news->cooldown == (left > 0 ? std::chrono::hours(24) : std::chrono::hours(0)));
    }
}
