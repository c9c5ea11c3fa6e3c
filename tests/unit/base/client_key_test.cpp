// What counts as one client.
#include "common/base/client_key.h"

#include <doctest/doctest.h>

using adit::client_key;
using boost::asio::ip::make_address;

TEST_CASE("an address of IPv4 is a client, and so is a /64 of IPv6") {
    CHECK(client_key(make_address("192.0.2.1")) == client_key(make_address("192.0.2.1")));
    CHECK(client_key(make_address("192.0.2.1")) != client_key(make_address("192.0.2.2")));
    CHECK(client_key(make_address("2001:db8:1:2::1")) == client_key(make_address("2001:db8:1:2:ffff::9")));
    CHECK(client_key(make_address("2001:db8:1:2::1")) != client_key(make_address("2001:db8:1:3::1")));
}

TEST_CASE("no address of one family is one of the other") {
    CHECK(client_key(make_address("32.1.13.184")) != client_key(make_address("2001:db8::")));
}
