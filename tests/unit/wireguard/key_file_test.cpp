// Files of keys, and names of interfaces.
#include "common/wireguard/key_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>

#include "common/base/random.h"
#include "common/wireguard/interface.h"
#include "common/wireguard/key.h"

using namespace adit;
using namespace adit::wireguard;

TEST_CASE("a key file is made once, for its owner alone, and read from then on") {
    const auto file = std::filesystem::temp_directory_path() / ("adit-key-" + random_base62(8));
    bool made = false;
    const auto first = load_or_make_key(file, made);
    REQUIRE(first);
    CHECK(made);
    struct stat facts{};
    REQUIRE(::stat(file.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    const auto second = load_or_make_key(file, made);
    REQUIRE(second);
    CHECK_FALSE(made);
    CHECK(second->reveal() == first->reveal());
    std::ofstream(file) << "-----BEGIN PRIVATE KEY-----\n";
    const auto bad = load_or_make_key(file, made);
    CHECK(bad.error().message.contains("wg genkey"));
    CHECK(bad.error().message.contains(file.string()));
    CHECK(bad.error().usage);
    std::filesystem::remove(file);
}

TEST_CASE("an interface has a name that Linux takes") {
    for (const char* good : {"wg0", "adit0", "a-b_c.d", "fifteen-letters"}) {
        CHECK(parse_interface(good));
    }
    for (const char* bad : {"", ".", "..", "a/b", "a b", "wg0:1", "sixteen--letters", "wg\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_interface(bad));
    }
}
