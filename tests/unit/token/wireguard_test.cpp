// The WireGuard part of tokens: read as written, refused where it is damaged, skipped where it is newer, written out.
#include "common/token/wireguard.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "common/token/entries.h"
#include "common/token/token.h"
#include "common/token/wg_quick.h"

using namespace adit;
using boost::asio::ip::make_address;

namespace {

constexpr const char* kSeed = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=";
constexpr const char* kPreshared = "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=";
constexpr const char* kPeer = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

token::WireGuard part(const std::string& first = "10.77.0.8", const std::string& connector = "10.77.0.1") {
    token::WireGuard made;
    made.seed = Secret(kSeed);
    made.preshared_key = Secret(kPreshared);
    made.peer = *wireguard::PublicKey::parse(kPeer);
    made.endpoints = {{"gateway.example.com", 51820}, {"2001:db8::1", 51820}};
    made.first_address = make_address(first);
    made.prefix = made.first_address.is_v4() ? 16 : 64;
    made.connector = {make_address(connector), 7480};
    made.mtu = 1420;
    return made;
}

token::Token whole() {
    token::Token token;
    token.tunnel_id = "tnl_0123456789abcdefghijklmn";
    token.tunnel_name = "vpc-1";
    token.key_id = "key_0123456789ab";
    token.addresses = {"gateway.example.com:7443"};
    token.wireguard = part();
    return token;
}

/// The words of the refusal; empty when the part is taken.
std::string refusal(std::span<const std::uint8_t> bytes) {
    const auto read = token::parse_wireguard(bytes);
    return read ? "" : read.error();
}

/// The sample with one entry replaced, or left out where `value` is none.
Bytes with(std::uint8_t type, std::optional<Bytes> value) {
    const Bytes good = token::format_wireguard(part());
    std::span<const std::uint8_t> rest(good);
    Bytes out;
    while (const auto entry = token::take_entry(rest)) {
        if (entry->type != type) {
            token::put(out, entry->type, entry->value);
        }
    }
    if (value) {
        token::put(out, type, *value);
    }
    return out;
}

Bytes text(std::string_view words) {
    return {words.begin(), words.end()};
}

}  // namespace

TEST_CASE("a token's WireGuard part is read as it was written, in both families") {
    struct Row {
        const char* first;
        const char* last;
        const char* connector;
    };
    for (const auto& [first, last, connector] :
         {Row{"10.77.0.8", "10.77.0.15", "10.77.0.1"}, {"fd00:ad17::8", "fd00:ad17::f", "fd00:ad17::1"}}) {
        CAPTURE(first);
        token::Token token = whole();
        token.wireguard = part(first, connector);
        const auto read = token::parse(token::format(token));
        REQUIRE(read);
        REQUIRE(read->wireguard);
        CHECK(read->wireguard->seed.reveal() == kSeed);
        CHECK(read->wireguard->preshared_key.reveal() == kPreshared);
        CHECK(read->wireguard->peer.text() == kPeer);
        CHECK(read->wireguard->endpoints == token.wireguard->endpoints);
        CHECK(read->wireguard->address(0) == make_address(first));
        CHECK(read->wireguard->address(7) == make_address(last));
        CHECK(read->wireguard->connector == token.wireguard->connector);
        CHECK(read->wireguard->mtu == 1420);
        CHECK(token::format(*read) == token::format(token));
    }
}

TEST_CASE("a token needs a way to the connector: TLS, WireGuard or both") {
    token::Token token = whole();
    token.addresses.clear();
    CHECK(token::parse(token::format(token)));
    token.wireguard.reset();
    CHECK(token::parse(token::format(token)).error().message.contains("does not name a tunnel, a key and an address"));
}

TEST_CASE("members of a row have keys of their own") {
    const token::WireGuard row = part();
    CHECK(row.private_key(1)->reveal() == row.private_key(1)->reveal());
    CHECK(row.private_key(0)->reveal() != row.private_key(1)->reveal());
    CHECK(wireguard::public_key(*row.private_key(7)));
}

TEST_CASE("a part that is damaged says what is wrong with it") {
    struct Row {
        std::uint8_t type;
        std::optional<Bytes> value;
        const char* words;
    };
    const Row rows[] = {
        {1, std::nullopt, "lacks a key"},
        {1, Bytes(31), "wrong size"},
        {2, std::nullopt, "lacks a key"},
        {3, std::nullopt, "lacks a key"},
        {3, Bytes(33), "wrong size"},
        {4, std::nullopt, "names no endpoint"},
        {4, text("gateway"), "not HOST:PORT"},
        {4, text("gateway:1\nPostUp = x"), "not HOST:PORT"},
        {5, std::nullopt, "lacks an address"},
        {5, Bytes(5), "wrong size"},
        {5, Bytes(16, 0xfd), "two families"},
        {6, Bytes{0, 16}, "cannot be"},
        {6, Bytes{7, 33}, "cannot be"},
        {6, Bytes{7}, "wrong size"},
        {7, text("gateway:7480"), "not IP:PORT"},
        {7, std::nullopt, "lacks an address"},
        {8, Bytes{0, 100}, "cannot be"},
        {8, std::nullopt, "cannot be"},
        {9, Bytes(1), "does not know"},
    };
    for (const Row& row : rows) {
        CAPTURE(int{row.type});
        CAPTURE(row.words);
        CHECK(refusal(with(row.type, row.value)).contains(row.words));
    }
    CHECK(refusal(with(0x89, Bytes(3))).empty());
}

TEST_CASE("a part that is cut off is refused, wherever it was cut") {
    const Bytes good = token::format_wireguard(part());
    for (std::size_t length = 0; length < good.size(); ++length) {
        CAPTURE(length);
        CHECK_FALSE(refusal(std::span(good).first(length)).empty());
    }
}

TEST_CASE("an agent that does not know WireGuard reads the rest of the token") {
    const std::string text = token::format(whole());
    Bytes bytes = *base64url_decode(std::string_view(text).substr(token::kPrefix.size()));
    std::span<const std::uint8_t> rest = std::span<const std::uint8_t>(bytes).subspan(1);
    bool found = false;
    while (const auto entry = token::take_entry(rest)) {
        found = found || entry->type == 0x83;
        CHECK((entry->type < 7 || token::may_be_skipped(entry->type)));
        if (entry->type == 6) {
            break;
        }
    }
    CHECK(found);
}

TEST_CASE("inspection shows the way in and none of the secrets") {
    const token::Token token = whole();
    const std::string shown = token::inspect_text(token) + token::inspect_json(token);
    for (const char* seen : {"gateway.example.com:51820", "10.77.0.8", "10.77.0.15", "10.77.0.1:7480", kPeer}) {
        CAPTURE(seen);
        CHECK(shown.contains(seen));
    }
    for (const char* secret : {kSeed, kPreshared}) {
        CHECK_FALSE(shown.contains(secret));
    }
    CHECK_FALSE(shown.contains(token.wireguard->private_key(1)->reveal()));
}

TEST_CASE("a seat becomes a wg-quick file") {
    const token::Token token = whole();
    const auto file = token::wg_quick_file(token, 2);
    REQUIRE(file);
    const std::string text(file->reveal());
    for (const std::string& line :
         {"PrivateKey = " + std::string(token.wireguard->private_key(2)->reveal()),
          std::string("Address = 10.77.0.10/32"), std::string("MTU = 1420"), "PublicKey = " + std::string(kPeer),
          "PresharedKey = " + std::string(kPreshared), std::string("AllowedIPs = 10.77.0.1/32"),
          std::string("Endpoint = gateway.example.com:51820"), std::string("# or Endpoint = [2001:db8::1]:51820"),
          std::string("PersistentKeepalive = 25")}) {
        CAPTURE(line);
        CHECK(text.contains("\n" + line + "\n"));
    }
    CHECK(text.contains("10.77.0.1:7480"));
}

TEST_CASE("a wg-quick file is refused for what is no seat, and names cannot add lines to it") {
    token::Token token = whole();
    for (const unsigned seat : {0U, 8U}) {
        CHECK(token::wg_quick_file(token, seat).error().message.contains("1 to 7"));
    }
    token.tunnel_name = "a\nPostUp = touch /tmp/x";
    CHECK_FALSE(token::wg_quick_file(token, 1)->reveal().contains("\nPostUp"));
    token.wireguard.reset();
    CHECK(token::wg_quick_file(token, 1).error().message.contains("no WireGuard part"));
}
