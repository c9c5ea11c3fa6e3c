// Blocks of addresses.
#include "common/net/network.h"

#include <doctest/doctest.h>

using namespace adit::net;

TEST_CASE("a block holds the addresses that begin with its bits, in either form of IPv4") {
    struct Row {
        const char* block;
        const char* inside;
        const char* outside;
    };
    for (const Row& row : {Row{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
                           {"10.1.2.128/25", "10.1.2.129", "10.1.2.127"},
                           {"192.168.1.7", "192.168.1.7", "192.168.1.6"},
                           {"0.0.0.0/0", "8.8.8.8", "2001:db8::1"},
                           {"fd00::/8", "fdff::1", "fe00::1"},
                           {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"},
                           {"10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"},
                           {"::1", "::1", "::2"}}) {
        CAPTURE(row.block);
        const auto network = Network::parse(row.block);
        REQUIRE(network);
        CHECK(network->contains(boost::asio::ip::make_address(row.inside)));
        CHECK_FALSE(network->contains(boost::asio::ip::make_address(row.outside)));
    }
}

TEST_CASE("a block that was mistyped is refused") {
    for (const char* text :
         {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "fd00::/129", "gateway", "", "10.0.0"}) {
        CAPTURE(text);
        CHECK_FALSE(Network::parse(text));
    }
}

TEST_CASE("a block says its first address, its prefix and itself, each in its own family") {
    for (const char* text : {"10.77.0.0/16", "fd00:ad1::/64", "192.168.1.7/32", "::/0"}) {
        CHECK(Network::parse(text)->text() == text);
    }
    CHECK(Network::parse("10.77.0.0/16")->first() == boost::asio::ip::make_address("10.77.0.0"));
    CHECK(Network::parse("10.77.0.0/16")->prefix() == 16);
}

TEST_CASE("addresses are counted over the borders of their bytes, and back") {
    struct Row {
        const char* first;
        std::uint64_t count;
        const char* after;
    };
    for (const Row& row : {Row{"10.77.0.250", 8, "10.77.1.2"},
                           {"fd00::ffff", 1, "fd00::1:0"},
                           {"fd00::", 0x1'0000'0001, "fd00::1:0:1"}}) {
        CAPTURE(row.first);
        const auto first = boost::asio::ip::make_address(row.first);
        const auto after = boost::asio::ip::make_address(row.after);
        CHECK(address_after(first, row.count) == after);
        CHECK(distance(first, after) == row.count);
        CHECK_FALSE(distance(after, first));
    }
    CHECK_FALSE(distance(boost::asio::ip::make_address("10.0.0.0"), boost::asio::ip::make_address("fd00::")));
    CHECK_FALSE(distance(boost::asio::ip::make_address("fd00::"), boost::asio::ip::make_address("fd01::")));
}
