// Who gives up its place to a newcomer.
#include "common/net/give_way.h"

#include <doctest/doctest.h>

#include <list>
#include <optional>
#include <string>

using namespace adit::net;

namespace {

/// Writes its name when it has to leave.
struct Guest final : Tenant {
    Guest(IdlePlaces& among, std::string& left, char name, unsigned char holder = 0)
        : place(among, {holder}), tenancy(&place, *this), told(left), sign(name) {}
    void give_way() override { told += sign; }
    Place place;
    Tenancy tenancy;
    std::string& told;
    char sign;
};

}  // namespace

TEST_CASE("whoever has been idle longest gives way first, and each once") {
    IdlePlaces places;
    std::string left;
    Guest a(places, left, 'a');
    Guest b(places, left, 'b');
    CHECK(places.free_one());
    CHECK(a.place.gave_way());
    CHECK(places.free_one());
    CHECK_FALSE(places.free_one());
    CHECK(left == "ab");
}

TEST_CASE("who has work keeps its place, and waits at the end of the line when that is done") {
    IdlePlaces places;
    std::string left;
    Guest a(places, left, 'a');
    Guest b(places, left, 'b');
    Guest c(places, left, 'c');
    a.tenancy.busy();
    c.tenancy.busy();
    a.tenancy.idle();
    a.tenancy.idle();  // which does not send it to the end again
    CHECK(places.free_one());
    CHECK(places.free_one());
    CHECK_FALSE(places.free_one());
    CHECK(left == "ba");
    CHECK_FALSE(c.place.gave_way());
}

TEST_CASE("who left by itself is not in the line, and who was told to go does not come back") {
    IdlePlaces places;
    std::string left;
    std::optional<Guest> a(std::in_place, places, left, 'a');
    Guest b(places, left, 'b');
    a.reset();
    CHECK(places.free_one());
    b.tenancy.idle();
    CHECK_FALSE(places.free_one());
    CHECK(left == "b");
}

TEST_CASE("a place passes from tenant to tenant and keeps its turn") {
    IdlePlaces places;
    std::string left;
    Place first(places);
    Guest other(places, left, 'o');
    {
        struct Greeter final : Tenant {
            void give_way() override {}
        } greeter;
        const Tenancy tenancy(&first, greeter);
    }
    struct Server final : Tenant {
        explicit Server(std::string& to) : told(to) {}
        void give_way() override { told += 's'; }
        std::string& told;
    } server(left);
    const Tenancy tenancy(&first, server);
    CHECK(places.free_one());
    CHECK(left == "s");
}

TEST_CASE("without a place nothing has to be given up") {
    struct Alone final : Tenant {
        void give_way() override {}
    } alone;
    Tenancy tenancy(nullptr, alone);
    tenancy.busy();
    tenancy.idle();
}

TEST_CASE("who takes places as fast as he loses them takes them from himself") {
    IdlePlaces places;
    std::string left;
    Guest operating(places, left, 'o', 1);
    std::list<Guest> strangers;
    for (int i = 0; i < 8; ++i) {
        strangers.emplace_back(places, left, static_cast<char>('a' + i), 2);
    }
    for (int i = 0; i < 7; ++i) {
        CHECK(places.free_one());
        strangers.emplace_back(places, left, static_cast<char>('i' + i), 2);
    }
    CHECK(left == "abcdefg");
    CHECK_FALSE(operating.place.gave_way());
}

TEST_CASE("those who have finished their handshakes do not give way to half ones, though one address has all") {
    IdlePlaces places;
    std::string left;
    Guest had_work(places, left, 'w');
    Guest shook_hands(places, left, 's');
    had_work.tenancy.busy();
    had_work.tenancy.idle();
    shook_hands.tenancy.settle();
    std::list<Guest> half;
    for (int i = 0; i < 20; ++i) {
        half.emplace_back(places, left, static_cast<char>('a' + i));
        if (i > 0) {
            CHECK(places.free_one());
        }
    }
    CHECK(left ==
          "abcdefghijklmno"
          "pqrs");
    CHECK_FALSE(had_work.place.gave_way());
    CHECK_FALSE(shook_hands.place.gave_way());
}

TEST_CASE("where the settled hold nearly all, they make room, and newcomers do not drive each other out") {
    IdlePlaces places;
    std::string left;
    std::list<Guest> settled;
    for (int i = 0; i < 9; ++i) {
        settled.emplace_back(places, left, static_cast<char>('1' + i), i < 4 ? 1 : 2).tenancy.settle();
    }
    Guest newcomer(places, left, 'n', 3);
    CHECK(places.free_one());
    CHECK(places.free_one());
    CHECK(left == "51");  // of the holder with most; of two who hold as many, the one that has done so for longest
    CHECK_FALSE(newcomer.place.gave_way());
}

TEST_CASE("a place outlives who counts it") {
    std::optional<IdlePlaces> places(std::in_place);
    std::string left;
    const Guest guest(*places, left, 'a');
    places.reset();
    CHECK_FALSE(guest.place.gave_way());
}
