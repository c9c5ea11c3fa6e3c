// Tunnels on disk: what is written is read, what is wrong is named, changes are seen.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "common/base/random.h"
#include "connector/store/store.h"
#include "connector/store/watch.h"

using namespace adit;

namespace {

struct Directory {
    Directory() : path(std::filesystem::temp_directory_path() / ("adit-store-" + random_base62(8))) {}
    ~Directory() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

TunnelRecord sample(const std::string& name) {
    return {"tnl_" + name,
            name,
            parse_time("2026-01-02T03:04:05Z").value(),
            {{"key_1", {}, parse_time("2026-01-02T03:04:05Z").value(), {}}},
            {{name + "-api", "http://10.0.0.5:8080/base", {{"shop", {"production"}}}}}};
}

}  // namespace

TEST_CASE("a tunnel is read as it was written") {
    const TunnelRecord record = sample("a");
    const auto read = parse_tunnel(format_tunnel(record), "a.json");
    REQUIRE(read);
    CHECK(format_tunnel(*read) == format_tunnel(record));
    CHECK(read->services[0].configurations[0].accessible_by == std::vector<std::string>{"production"});
}

TEST_CASE("errors name the place and what would be right") {
    const auto words = [](const char* text) { return parse_services(text, "s.json").error().message; };
    CHECK(words("{\n  \"version\": 1,\n  oops").starts_with("s.json:3:"));
    CHECK(words("{\"version\":1,\"services\":[{\"name\":\"a\",\"endpoint\":\"ftp://b\"}]}")
              .find("services[0].endpoint") != std::string::npos);
    CHECK(words("{\"version\":1,\"services\":[{\"nam\":\"a\"}]}").find("did you mean 'name'") != std::string::npos);
    CHECK(words("{\"version\":1,\"services\":[{\"name\":\"a\",\"endpoint\":\"http://"
                "b\"},{\"name\":\"a\",\"endpoint\":\"http://b\"}]}")
              .find("twice") != std::string::npos);
}

TEST_CASE("names are unique, services over all tunnels") {
    const Directory directory;
    Store store(directory.path);
    REQUIRE(store.create(sample("a")));
    CHECK_FALSE(store.create(sample("a")));
    REQUIRE(store.create(sample("b")));
    const auto taken = store.update("b", [](TunnelRecord& record) -> Result<> {
        record.services = sample("a").services;
        return {};
    });
    REQUIRE_FALSE(taken);
    CHECK(taken.error().message.find("taken by tunnel 'a'") != std::string::npos);
    CHECK(store.find("tnl_b")->services[0].name == "b-api");
    CHECK(store.remove("b"));
    CHECK(store.load_all()->size() == 1);
}

TEST_CASE("changes are seen, and a broken file keeps its last good state") {
    const Directory directory;
    Store store(directory.path);
    StoreWatch watch(directory.path);
    CHECK_FALSE(watch.look());
    REQUIRE(store.create(sample("a")));
    CHECK(watch.look());
    CHECK_FALSE(watch.look());
    std::ofstream(directory.path / "a.json") << "{ broken";
    CHECK_FALSE(watch.look());
    CHECK(watch.take_new_troubles().size() == 1);
    CHECK(watch.records().size() == 1);
    REQUIRE(watch.records()[0].name == "a");
    std::filesystem::remove(directory.path / "a.json");
    CHECK(watch.look());
    CHECK(watch.records().empty());
}

TEST_CASE("the watch tells which tunnels came, went or are others, and nothing of what it found at first") {
    const Directory directory;
    Store store(directory.path);
    REQUIRE(store.create(sample("old")));
    StoreWatch watch(directory.path);
    CHECK(watch.look());
    CHECK(watch.take_changes().empty());
    REQUIRE(store.create(sample("new")));
    CHECK(watch.look());
    auto changes = watch.take_changes();
    REQUIRE(changes.size() == 1);
    CHECK_FALSE(changes[0].before);
    CHECK(changes[0].after->name == "new");
    REQUIRE(store.update("old", [](TunnelRecord& record) {
        record.keys.clear();
        return Result<>();
    }));
    CHECK(watch.look());
    changes = watch.take_changes();
    REQUIRE(changes.size() == 1);
    CHECK_FALSE(changes[0].before->keys.empty());
    CHECK(changes[0].after->keys.empty());
    std::filesystem::copy_file(directory.path / "old.json", directory.path / "copy");
    std::filesystem::rename(directory.path / "copy", directory.path / "old.json");
    CHECK(watch.look());
    CHECK(watch.take_changes().empty());  // the same words in another file
    std::ofstream(directory.path / "new.json") << "{ broken";
    CHECK_FALSE(watch.look());
    CHECK(watch.take_changes().empty());  // its last good state stays
    std::filesystem::remove(directory.path / "old.json");
    CHECK(watch.look());
    changes = watch.take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].before->name == "old");
    CHECK_FALSE(changes[0].after);
    CHECK(watch.take_changes().empty());
}

TEST_CASE("a directory that has gone is like one that cannot be read: its tunnels stay until it is back") {
    const Directory directory;
    StoreWatch watch(directory.path);
    CHECK_FALSE(watch.look());
    CHECK(watch.troubles().empty());  // none has been made yet
    Store store(directory.path);
    REQUIRE(store.create(sample("a")));
    REQUIRE(store.create(sample("b")));
    CHECK(watch.look());
    watch.take_changes();
    const std::filesystem::path aside = directory.path.string() + ".aside";
    std::filesystem::rename(directory.path, aside);
    CHECK_FALSE(watch.look());
    CHECK(watch.records().size() == 2);
    CHECK(watch.take_changes().empty());
    REQUIRE(watch.troubles().size() == 1);
    CHECK(watch.troubles()[0].what == StoreWatch::Trouble::What::directory);
    CHECK(watch.troubles()[0].reason == directory.path.string() + ": No such file or directory");
    std::filesystem::remove(aside / "b.json");
    std::filesystem::rename(aside, directory.path);
    CHECK(watch.look());
    CHECK(watch.troubles().empty());
    CHECK(watch.records().size() == 1);
    CHECK(watch.take_changes().size() == 1);
}

TEST_CASE("what cannot be read is told once, for as long as the reason is the same, and stands until it is mended") {
    const Directory directory;
    Store store(directory.path);
    REQUIRE(store.create(sample("a")));
    REQUIRE(store.create(sample("b")));
    StoreWatch watch(directory.path);
    CHECK(watch.look());
    CHECK(watch.take_new_troubles().empty());
    std::filesystem::rename(directory.path / "a.json", directory.path / "a");
    std::filesystem::create_directory(directory.path / "a.json");
    std::ofstream(directory.path / "b.json") << "{ broken";
    CHECK_FALSE(watch.look());
    REQUIRE(watch.take_new_troubles().size() == 2);
    CHECK_FALSE(watch.look());
    CHECK(watch.take_new_troubles().empty());
    REQUIRE(watch.troubles().size() == 2);
    CHECK(watch.troubles()[0].what == StoreWatch::Trouble::What::file);
    CHECK(watch.troubles()[0].reason.ends_with("a.json: it is no ordinary file"));
    CHECK(watch.records().size() == 2);
    std::filesystem::remove(directory.path / "a.json");
    std::filesystem::rename(directory.path / "a", directory.path / "a.json");
    std::filesystem::remove(directory.path / "b.json");
    CHECK(watch.look());
    CHECK(watch.troubles().empty());
    CHECK(watch.take_new_troubles().empty());
    CHECK(watch.records().size() == 1);
}

TEST_CASE("the same trouble after it was over is told again") {
    const Directory directory;
    Store store(directory.path);
    REQUIRE(store.create(sample("a")));
    StoreWatch watch(directory.path);
    CHECK(watch.look());
    const std::filesystem::path aside = directory.path.string() + ".aside";
    for (int i = 0; i < 2; ++i) {
        std::filesystem::rename(directory.path, aside);
        CHECK_FALSE(watch.look());
        CHECK_FALSE(watch.look());
        CHECK(watch.take_new_troubles().size() == 1);
        std::filesystem::rename(aside, directory.path);
        CHECK_FALSE(watch.look());
    }
}

TEST_CASE("a link in the place of the lock is not followed") {
    const Directory directory;
    std::filesystem::create_directory(directory.path);
    const std::filesystem::path other = directory.path / "other";
    std::filesystem::create_symlink(other, directory.path / ".lock");
    const auto refused = Store(directory.path).create(sample("a"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.contains(": .lock: it is a symbolic link"));
    CHECK_FALSE(std::filesystem::exists(other));
    std::filesystem::remove(directory.path / ".lock");
    CHECK(Store(directory.path).create(sample("a")));
}
