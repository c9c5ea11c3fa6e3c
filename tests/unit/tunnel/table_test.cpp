// Whose a key or an address is.
#include "connector/tunnel/table.h"

#include <doctest/doctest.h>

using namespace adit;
using boost::asio::ip::make_address;

namespace {

/// A tunnel with one key of a lobby and seven seats from `address`.
TunnelRecord record(const std::string& name, std::uint8_t mark, const char* address) {
    KeyRecord key{"key_" + name, {}, {}, {}, WireGuardRecord{{}, make_address(address)}};
    key.spki.digest.fill(mark);
    for (std::uint8_t i = 0; i < 8; ++i) {
        key.wireguard->public_keys.emplace_back().bytes.fill(mark);
        key.wireguard->public_keys.back().bytes[0] = i;
    }
    return {"tnl_" + name, name, {}, {key}, {}};
}

}  // namespace

TEST_CASE("a key is found by its fingerprint and by each address of its row") {
    const tunnel::Table table({record("a", 1, "10.77.0.8"), record("b", 2, "fd00::10")});
    tls::Spki spki;
    spki.digest.fill(2);
    REQUIRE(table.key(spki) != nullptr);
    CHECK(table.key(spki)->key_id == "key_b");
    for (unsigned number = 0; number < 8; ++number) {
        const auto* entry = table.by_address(make_address("10.77.0." + std::to_string(8 + number)));
        REQUIRE(entry != nullptr);
        CHECK(entry->key->tunnel_name == "a");
        CHECK(entry->number == number);
    }
    CHECK(table.by_address(make_address("fd00::17"))->number == 7);
    CHECK(table.by_address(make_address("::ffff:10.77.0.9"))->number == 1);
    for (const char* nobody : {"10.77.0.1", "10.77.0.7", "10.77.0.16", "fd00::18"}) {
        CHECK(table.by_address(make_address(nobody)) == nullptr);
    }
}

TEST_CASE("an address that two rows claim is the first one's") {
    const tunnel::Table table({record("a", 1, "10.77.0.8"), record("b", 2, "10.77.0.12")});
    CHECK(table.by_address(make_address("10.77.0.12"))->key->key_id == "key_a");
    CHECK(table.by_address(make_address("10.77.0.16")) == nullptr);
}

TEST_CASE("a service is found by the host and port of its endpoint") {
    TunnelRecord a{"tnl_a", "a", {}, {}, {}};
    a.services = {{"payments", "http://Payments.Internal:8080", {}},
                  {"ledger", "https://ledger.internal", {}},
                  {"six", "http://[FD00:0::1]:81", {}},
                  {"v1", "http://api.internal/v1", {}}};
    TunnelRecord b{"tnl_b", "b", {}, {}, {}};
    b.services = {{"payments-b", "http://payments.internal.:8080", {}}, {"v1-x", "http://api.internal:80/v1/x", {}}};
    const tunnel::Table table({a, b});
    const auto at = [&](const char* host, std::uint16_t port) {
        std::string names;
        for (const tunnel::ServiceEntry* service : table.services_at({host, port})) {
            names += (names.empty() ? "" : " ") + service->name;
        }
        return names;
    };
    CHECK(at("payments.internal", 8080) == "payments payments-b");
    CHECK(at("PAYMENTS.internal.", 8080) == "payments payments-b");
    CHECK(at("payments.internal", 80).empty());
    CHECK(at("ledger.internal", 443) == "ledger");
    CHECK(at("fd00::1", 81) == "six");
    CHECK(at("fd00:0:0::1", 81) == "six");
    CHECK(at("fd00::2", 81).empty());
    CHECK(at("api.internal", 80) == "v1-x v1");
    CHECK(at("", 80).empty());
}
