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
