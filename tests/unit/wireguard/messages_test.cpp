// What is said to the helper, and what changes between two sets of peers.
#include "common/wireguard/messages.h"

#include <doctest/doctest.h>

#include <boost/json.hpp>

using namespace adit;
using namespace adit::wireguard;
namespace json = boost::json;

namespace {

PublicKey key(unsigned number) {
    PublicKey made;
    made.bytes[0] = static_cast<std::uint8_t>(number);
    made.bytes[1] = static_cast<std::uint8_t>(number >> 8);
    return made;
}

Peer peer(unsigned number, const char* secret = "") {
    return {key(number), Secret(secret), boost::asio::ip::make_address_v4(0x0a4d0000 + number), std::nullopt,
            std::chrono::seconds(0)};
}

template <class... Peers>
std::vector<Peer> peers(Peers... each) {
    std::vector<Peer> all;
    (all.push_back(std::move(each)), ...);
    return all;
}

json::object parse(const Request& request) {
    return json::parse(request.with_id(7).reveal()).as_object();
}

}  // namespace

TEST_CASE("only peers that differ are told") {
    const auto before = peers(peer(1), peer(2), peer(3));
    const auto after = peers(peer(2), peer(3), peer(4));
    const PeerChanges changes = difference(before, after);
    REQUIRE(changes.add.size() == 1);
    CHECK(changes.add[0]->public_key == key(4));
    CHECK(changes.remove == std::vector{key(1)});
    CHECK(difference(after, after).empty());
}

TEST_CASE("a peer with another preshared key or address is made anew, one with another endpoint is corrected") {
    const auto before = peers(peer(1, "a"), peer(2), peer(3));
    auto after = peers(peer(1, "b"), peer(2), peer(3));
    after[1].address = boost::asio::ip::make_address("10.77.9.9");
    after[2].endpoint = net::Address{boost::asio::ip::make_address("192.0.2.1"), 51820};
    const PeerChanges changes = difference(before, after);
    CHECK(changes.remove == std::vector{key(1), key(2)});
    CHECK(changes.add.size() == 3);
}

TEST_CASE("many peers leave in messages that fit, removals before additions") {
    std::vector<Peer> many;
    for (unsigned i = 0; i < 3000; ++i) {
        many.push_back(peer(i, "c2l4dHktZm91ciBjaGFyYWN0ZXJzIGFyZSBhIGxvdCE="));
    }
    PeerChanges changes = difference({}, many);
    changes.remove.push_back(key(9999));
    const std::vector<PeersRequest> requests = peers_requests("a device", changes);
    CHECK(requests.size() > 2);
    CHECK(parse(requests.front().request).contains("remove"));
    std::size_t added = 0;
    for (const auto& [request, keys] : requests) {
        CHECK(request.with_id(UINT64_MAX).reveal().size() <= kMessageMost);
        const json::object object = parse(request);
        added += object.contains("add") ? object.at("add").as_array().size() : 0;
        CHECK(keys.size() == (object.contains("add") ? object.at("add").as_array().size() : 0));
    }
    CHECK(added == 3000);
}

TEST_CASE("a request is one JSON object with its id") {
    Settings settings;
    settings.private_key = Secret("a \"secret\"");
    settings.address = boost::asio::ip::make_address("10.77.0.1");
    settings.accept_port = 7443;
    const json::object open = parse(open_request("d", settings, {"::", 51820}, 2, 1024));
    CHECK(open.at("id").as_int64() == 7);
    CHECK(open.at("request").as_string() == "open");
    CHECK(open.at("private_key").as_string() == "a \"secret\"");
    CHECK(open.at("bind").as_string() == "[::]:51820");
    CHECK(open.at("accept_port").as_int64() == 7443);
    CHECK(open.at("mtu").as_int64() == 1420);
    const json::object dial = parse(
        dial_request("d", {boost::asio::ip::make_address("10.77.0.1"), 80}, key(1), std::chrono::milliseconds(-5)));
    CHECK(dial.at("timeout_ms").as_int64() == 1);
}

TEST_CASE("what a helper says is read with suspicion") {
    const auto reply = json::parse(R"({"ok": true, "peers": [7, {"public_key": "no key"},
        {"public_key": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=", "endpoint": "", "handshake": 0, "received": -1,
         "sent": 18446744073709551615}]})")
                           .as_object();
    CHECK_FALSE(refusal_of(reply));
    const auto peers = statistics_of(reply);
    REQUIRE(peers.size() == 1);
    CHECK_FALSE(peers[0].endpoint);
    CHECK_FALSE(peers[0].handshake);
    CHECK(peers[0].received == 0);
    CHECK(peers[0].sent == UINT64_MAX);
    CHECK(refusal_of(json::object{{"ok", "yes"}})->words == "the helper gave no reason");
    std::map<std::string, Described> devices;
    CHECK_FALSE(add_described(devices, json::object{{"devices", "none"}, {"more", true}}));
    CHECK(devices.empty());
    CHECK(words_of(json::object{{"words", std::string(5000, 'w')}}, "words").size() == 1024);
}

TEST_CASE("a handshake was at a time with which one can reckon, whatever a helper says") {
    const auto handshake = [](std::uint64_t nanoseconds) {
        const json::object peer{{"public_key", "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="},
                                {"handshake", nanoseconds}};
        return statistics_of(json::object{{"peers", json::array{peer}}}).at(0).handshake;
    };
    CHECK(handshake(1'700'000'000'500'000'000) == WallTime(std::chrono::milliseconds(1'700'000'000'500)));
    for (const std::uint64_t odd : {UINT64_MAX, std::uint64_t{1} << 63}) {
        CHECK(handshake(odd) < WallTime(std::chrono::hours(24 * 366 * 231)));
        CHECK(handshake(odd) > WallTime(std::chrono::seconds(0)));
    }
}
