// Which agent sits where in a key's row.
#include "connector/tunnel/seats.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace adit;
using namespace std::chrono_literals;
using tunnel::Seat;

namespace {

constexpr unsigned kSeats = 7;

/// Seats of a connector that has run for a while, by a clock of the test's.
struct Room {
    net::Time now{1h};
    tunnel::Seats seats{[this] { return now; }};
    Room() { now += 1h; }
    /// By its maker alone, since a hold neither moves nor is copied.
    std::unique_ptr<tunnel::SeatHold> hold(const Seat& seat, const std::string& agent) {
        return std::unique_ptr<tunnel::SeatHold>(new tunnel::SeatHold(seats.hold(seat, agent)));
    }
    bool takes(const Seat& seat, const std::string& agent) { return static_cast<bool>(seats.hold(seat, agent)); }
    unsigned assign() { return seats.assign("key_a", kSeats).value_or(0); }
};

}  // namespace

TEST_CASE("each agent gets a seat of its own, from the highest down, until there is none") {
    Room room;
    std::vector<unsigned> given;
    std::vector<std::unique_ptr<tunnel::SeatHold>> holds;
    for (unsigned i = 0; i < kSeats; ++i) {
        given.push_back(room.assign());
        holds.push_back(room.hold({"key_a", given.back()}, std::to_string(i)));
        CHECK(static_cast<bool>(*holds.back()));
    }
    CHECK(given == std::vector<unsigned>{7, 6, 5, 4, 3, 2, 1});
    CHECK(room.assign() == 0);
    CHECK(room.seats.assign("key_b", kSeats) == 7);
    SUBCASE("the seat of one that left is given to another") {
        holds[3].reset();
        CHECK(room.assign() == given[3]);
    }
}

TEST_CASE("right after the connector's start the low seats are given, since agents come back to the high ones") {
    net::Time now{1h};
    tunnel::Seats seats([&now] { return now; });
    CHECK(seats.assign("key_a", kSeats) == 1);
    now += 4999ms;
    CHECK(seats.assign("key_a", kSeats) == 2);
    now += 1ms;
    CHECK(seats.assign("key_a", kSeats) == 7);
}

TEST_CASE("a seat waits for an agent that was sent to it, or that lost its sessions") {
    Room room;
    CHECK(room.assign() == 7);
    room.now += 29s;
    CHECK(room.assign() == 6);
    room.now += 1s;
    CHECK(room.assign() == 7);  // whoever was sent there did not come
    {
        const auto hold = room.seats.hold({"key_a", 7}, "first");
    }
    room.now += 59s;
    CHECK(room.assign() == 6);
    room.now += 1s;
    CHECK(room.assign() == 7);
}

TEST_CASE("when every free seat waits for somebody, the one that has waited longest is given") {
    Room room;
    for (unsigned i = 0; i < kSeats; ++i) {
        CHECK(room.assign() == kSeats - i);
        room.now += 1s;
    }
    CHECK(room.assign() == 7);
    CHECK(room.assign() == 6);
}

TEST_CASE("two who come while one seat is free are not sent to the same") {
    Room room;
    std::vector<std::unique_ptr<tunnel::SeatHold>> holds;
    for (unsigned i = 1; i < kSeats; ++i) {
        holds.push_back(room.hold({"key_a", i}, std::to_string(i)));
    }
    CHECK(room.assign() == 7);
    CHECK(room.assign() == 0);
    room.now += 3s;
    CHECK(room.assign() == 7);  // whoever was sent there does not come
}

TEST_CASE("a seat has one agent, however many sessions that has") {
    Room room;
    const Seat seat{"key_a", 4};
    auto first = room.hold(seat, "one");
    {
        const auto second = room.hold(seat, "one");
        CHECK(static_cast<bool>(*second));
        CHECK_FALSE(room.takes(seat, "another"));
    }
    CHECK_FALSE(room.takes(seat, "another"));
    first.reset();
    CHECK(room.takes(seat, "another"));  // it was free, and whoever has the key may come
}

TEST_CASE("a session that has no seat holds nothing") {
    Room room;
    const auto first = room.hold({"key_a", 0}, "one");
    CHECK(room.takes({"key_a", 0}, "another"));
}
