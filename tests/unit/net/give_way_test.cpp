// Who gives up its place to a newcomer.
#include "common/net/give_way.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace adit::net;

namespace {

/// Writes its name when it has to leave.
struct Guest final : Tenant {
    Guest(IdlePlaces& among, std::string& left, char name)
        : place(among), tenancy(&place, *this), told(left), sign(name) {}
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
