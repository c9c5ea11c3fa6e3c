// Rows of WireGuard identities: their place in the network, in files, and as peers.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "common/base/random.h"
#include "connector/store/address_rows.h"
#include "connector/store/store.h"
#include "connector/store/wireguard_peers.h"

using namespace adit;
using namespace std::chrono_literals;
using boost::asio::ip::make_address;

namespace {

const WallTime kNow = parse_time("2026-01-02T03:04:05Z").value();

struct Directory {
    Directory() : path(std::filesystem::temp_directory_path() / ("adit-rows-" + random_base62(8))) {}
    ~Directory() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

net::Network network(const char* text) {
    return *net::Network::parse(text);
}

/// A row of eight; its keys are `mark` and counted. Without an address it has none yet.
WireGuardRecord row(std::uint8_t mark, const char* address = "0.0.0.0") {
    WireGuardRecord made;
    for (std::uint8_t i = 0; i < 8; ++i) {
        made.public_keys.emplace_back();
        made.public_keys.back().bytes.fill(mark);
        made.public_keys.back().bytes[0] = i;
    }
    made.address = make_address(address);
    return made;
}

KeyRecord key(const std::string& id, std::optional<WireGuardRecord> wireguard) {
    return {id, {}, kNow, {}, std::move(wireguard)};
}

TunnelRecord tunnel(const std::string& name, std::vector<KeyRecord> keys) {
    return {"tnl_" + name, name, kNow, std::move(keys), {}};
}

std::string address_of(const TunnelRecord& record, std::size_t index = 0) {
    return record.keys[index].wireguard->address.to_string();
}

/// What parse_tunnel says to a key's `wireguard`.
std::string words(const std::string& part) {
    const auto read = parse_tunnel(R"({"version":1,"id":"tnl_a","name":"a","created":"2026-01-02T03:04:05Z","keys":[)"
                                   R"({"id":"k","spki_sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",)"
                                   R"("created":"2026-01-02T03:04:05Z","wireguard":)" +
                                       part + R"(}],"services":[]})",
                                   "a.json");
    return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("a row is read as it was written") {
    const TunnelRecord record = tunnel("a", {key("k", row(1, "fd00::8"))});
    const auto read = parse_tunnel(format_tunnel(record), "a.json");
    REQUIRE(read);
    CHECK(format_tunnel(*read) == format_tunnel(record));
    CHECK(read->keys[0].wireguard->public_keys == record.keys[0].wireguard->public_keys);
}

TEST_CASE("a row that is wrong is named with its place") {
    const std::string one = "\"hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\"";
    const std::string two = "\"3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=\"";
    const std::string keys = "\"public_keys\":[" + one + "," + two + "]";
    CHECK(words("{" + keys + ",\"address\":\"10.77.0.8\"}").empty());
    CHECK(words("[]").contains("keys[0].wireguard: an object with public_keys and address"));
    CHECK(words("{" + keys + ",\"adress\":\"10.77.0.8\"}").contains("did you mean 'address'"));
    CHECK(words("{" + keys + "}").contains("'address'"));
    CHECK(words("{" + keys + ",\"address\":\"lobby\"}").contains("not 'lobby'"));
    CHECK(words("{" + keys + ",\"address\":\"255.255.255.255\"}").contains("not as many addresses"));
    CHECK(words("{\"public_keys\":[" + one + "],\"address\":\"10.77.0.8\"}").contains("one of a seat at least"));
    CHECK(words("{\"public_keys\":[" + one + ",\"x\"],\"address\":\"10.77.0.8\"}")
              .contains("keys[0].wireguard.public_keys[1]: a WireGuard public key"));
    CHECK(words("{\"public_keys\":[" + one + "," + one + "],\"address\":\"10.77.0.8\"}").contains("twice"));
}

TEST_CASE("rows take the lowest free block behind the connector's, and give it back") {
    const Directory directory;
    Store store(directory.path, network("10.77.0.0/16"));
    CHECK(address_of(*store.create(tunnel("a", {key("k1", row(1))}))) == "10.77.0.8");
    CHECK(address_of(*store.create(tunnel("b", {key("k2", row(2))}))) == "10.77.0.16");
    const auto rotated = store.update("a", [](TunnelRecord& record) -> Result<> {
        record.keys.push_back(key("k3", row(3)));
        return {};
    });
    CHECK(address_of(*rotated, 1) == "10.77.0.24");
    REQUIRE(store.update("a", [](TunnelRecord& record) -> Result<> {
        record.keys.erase(record.keys.begin());
        return {};
    }));
    CHECK(address_of(*store.create(tunnel("c", {key("k4", row(4))}))) == "10.77.0.8");
    REQUIRE(store.remove("b"));
    CHECK(address_of(*store.create(tunnel("d", {key("k5", row(5))}))) == "10.77.0.16");
}

TEST_CASE("two keys of one change have two rows, and what is written by hand is kept clear of") {
    const Directory directory;
    Store store(directory.path, network("fd00:ad17::/64"));
    REQUIRE(store.create(tunnel("a", {key("k1", row(1, "fd00:ad17::c")), key("k2", row(2, "10.77.0.8"))})));
    const auto made = store.create(tunnel("b", {key("k3", row(3)), key("k4", row(4))}));
    REQUIRE(made);
    CHECK(address_of(*made, 0) == "fd00:ad17::18");  // ::c to ::13 lies across two blocks
    CHECK(address_of(*made, 1) == "fd00:ad17::20");
}

TEST_CASE("a full network is an error in words, and nothing is written") {
    const Directory directory;
    Store store(directory.path, network("10.77.0.0/27"));
    REQUIRE(store.create(tunnel("a", {key("k1", row(1))})));
    REQUIRE(store.create(tunnel("b", {key("k2", row(2))})));
    const auto full = store.create(tunnel("c", {key("k3", row(3))}));  // the last block has the broadcast address
    REQUIRE_FALSE(full);
    CHECK(full.error().message.contains("10.77.0.0/27 is full"));
    CHECK(full.error().usage);
    CHECK(store.load_all()->size() == 2);
    Store six(directory.path / "six", network("fd00::/124"));
    REQUIRE(six.create(tunnel("a", {key("k1", row(1))})));
    CHECK_FALSE(six.create(tunnel("b", {key("k2", row(2))})));
}

TEST_CASE("without a network no row is made") {
    const Directory directory;
    CHECK(Store(directory.path).create(tunnel("a", {key("k1", row(1))})).error().message.contains("tunnels.wireguard"));
}

TEST_CASE("changes at once never give one row twice") {
    const Directory directory;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&directory, i] {
            Store store(directory.path, network("10.77.0.0/16"));
            store.create(tunnel("t" + std::to_string(i), {key("k", row(static_cast<std::uint8_t>(i)))}));
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const auto records = Store(directory.path).load_all();
    REQUIRE(records->size() == 8);
    CHECK(row_members(*records).size() == 64);
}

TEST_CASE("the smallest networks that a configuration takes have room for a row, smaller ones have none") {
    CHECK(connector_address(network("10.77.0.0/16")) == make_address("10.77.0.1"));
    CHECK(free_row(network("10.77.0.0/27"), 8, {}));
    CHECK_FALSE(free_row(network("10.77.0.0/28"), 8, {}));
    CHECK(free_row(network("fd00::/124"), 8, {}));
    CHECK_FALSE(free_row(network("fd00::/125"), 8, {}));
    CHECK(free_row(network("fd00::/8"), 8, {}) == make_address("fd00::8"));
}

TEST_CASE("records become the peers of a device") {
    const Secret secret("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
    std::vector<TunnelRecord> records{tunnel("a", {key("k1", row(1, "10.77.0.8")), key("k2", row(2, "10.77.0.16"))}),
                                      tunnel("b", {key("k3", std::nullopt), key("k4", row(4, "10.88.0.8"))})};
    records[0].keys[1].expires = kNow + 1s;
    const auto peers = [&](WallTime now) {
        return *wireguard_peers(records, secret, network("10.77.0.0/16"), now, 25s);
    };
    CHECK(peers(kNow).size() == 16);
    CHECK(peers(kNow + 1s).size() == 8);
    const auto made = peers(kNow);
    CHECK(made[3].address == make_address("10.77.0.11"));
    CHECK(made[3].public_key == records[0].keys[0].wireguard->public_keys[3]);
    CHECK(made[3].preshared_key.reveal() == row_preshared_key(secret, "k1")->reveal());
    CHECK(made[3].preshared_key.reveal() != made[8].preshared_key.reveal());
    CHECK(made[3].keepalive == 25s);
    CHECK_FALSE(made[3].endpoint);
}

TEST_CASE("a key that was revoked is told apart from one that stays; its row is whose it becomes at once") {
    const std::vector<TunnelRecord> before{
        tunnel("a", {key("k1", row(1, "10.77.0.8")), key("k2", row(2, "10.77.0.16"))}),
        tunnel("b", {key("k3", row(3, "10.77.0.24"))})};
    std::vector<TunnelRecord> records{tunnel("a", {key("k2", row(2, "10.77.0.16")), key("k4", row(4, "10.77.0.8"))})};
    CHECK(keys_gone(before, before).empty());
    const auto gone = keys_gone(before, records);
    REQUIRE(gone.size() == 2);
    REQUIRE(gone[0].keys.size() == 1);
    CHECK(gone[0].keys[0].id == "k1");
    CHECK(gone[1].keys[0].id == "k3");
    records.insert(records.end(), gone.begin(), gone.end());
    std::set<std::string> ids;
    for (const RowMember& member : row_members(records)) {
        ids.insert(member.key->id);
    }
    CHECK(ids == std::set<std::string>{"k2", "k3", "k4"});
}

TEST_CASE("of rows that claim the same, the first has it; nobody has the connector's address") {
    const Secret secret("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
    const std::vector<TunnelRecord> records{
        tunnel("a", {key("k1", row(1, "10.77.0.8"))}), tunnel("b", {key("k2", row(2, "10.77.0.15"))}),
        tunnel("c", {key("k3", row(1, "10.77.0.64"))}), tunnel("d", {key("k4", row(5, "10.77.0.0"))})};
    for (const RowMember& member : row_members(records)) {
        CHECK((member.key->id == "k1" || member.key->id == "k4"));
    }
    const auto peers = wireguard_peers(records, secret, network("10.77.0.0/16"), kNow, 0s);
    for (const wireguard::Peer& peer : *peers) {
        CHECK(peer.address != make_address("10.77.0.1"));
    }
    CHECK(peers->size() == 15);
}
