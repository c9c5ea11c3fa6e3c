// Keys as files: names, modes, garbage beside them, and the lock.
#include "connector/credential/key_directory.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/unit/yaml/support.h"

namespace adit::credential {
namespace {

using namespace std::chrono_literals;
using jose::Algorithm;
using yaml::test::TemporaryFiles;

constexpr WallTime kTime{std::chrono::days(20'000)};

unsigned mode_of(const std::filesystem::path& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0;
}

KeyFacts make(KeyDirectory& directory, Algorithm algorithm, WallTime signs_from = kTime) {
    const auto lock = directory.lock(0ms);
    REQUIRE(lock);
    REQUIRE(lock->has_value());
    const auto made = directory.make({algorithm, signs_from, signs_from}, **lock);
    REQUIRE_MESSAGE(made, made.error().message);
    return *made;
}

std::string pem_of(Algorithm algorithm) {
    return jose::SigningKey::generate(algorithm).value().to_pem();
}

}  // namespace

TEST_CASE("a key that was made is read again, with its time and its thumbprint as kid") {
    const TemporaryFiles files;
    KeyDirectory directory(files.directory() / "keys");
    const KeyFacts made = make(directory, Algorithm::es256);
    KeyDirectory other(files.directory() / "keys");
    const auto reading = other.read();
    REQUIRE(reading);
    REQUIRE(reading->keys.size() == 1);
    CHECK(reading->keys[0].facts == made);
    CHECK(reading->keys[0].facts.kid == reading->keys[0].key->thumbprint());
    CHECK(reading->keys[0].facts.signs_from == kTime);
    CHECK(reading->keys[0].file.filename().string().starts_with("ES256.20241004T000000Z."));
    CHECK(reading->problems.empty());
}

TEST_CASE("only the owner may look at keys") {
    const TemporaryFiles files;
    KeyDirectory directory(files.directory() / "keys");
    make(directory, Algorithm::eddsa);
    CHECK(mode_of(files.directory() / "keys") == 0700);
    CHECK(mode_of(directory.read()->keys.at(0).file) == 0600);
}

TEST_CASE("a directory that does not exist has no keys, and one that cannot be read is an error") {
    const TemporaryFiles files;
    KeyDirectory missing(files.directory() / "keys");
    CHECK_FALSE(missing.read()->exists);
    CHECK(missing.writable());
    KeyDirectory file(files.write("file", "x"));
    CHECK_FALSE(file.read());
}

TEST_CASE("what is no key is refused with its name, and the others go on") {
    const TemporaryFiles files;
    KeyDirectory directory(files.directory());
    const KeyFacts good = make(directory, Algorithm::es256);
    const std::string pem = pem_of(Algorithm::es256);
    files.write("README", "keys");
    files.write("ES256.20260102T030405Z.pem", "garbage");
    files.write("ES256.yesterday.pem", pem);
    files.write("HS256.20260102T030405Z.pem", pem);
    files.write("RS256.20260102T030405Z.pem", pem);
    files.write(".ES256.20260102T030405Z.pem.part", "garbage");
    files.write("ES256.20260102T030405Z.a.pem", pem);
    files.write("ES256.20260102T030405Z.b.pem", pem);
    const auto reading = directory.read();
    REQUIRE(reading);
    CHECK(reading->keys.size() == 2);
    std::string problems;
    for (const std::string& problem : reading->problems) {
        problems += problem + "\n";
    }
    for (const char* name : {"README: it is not a key", "ES256.20260102T030405Z.pem: ", "ES256.yesterday.pem: the name",
                             "HS256.20260102T030405Z.pem: the name", "RS256.20260102T030405Z.pem: ",
                             "ES256.20260102T030405Z.b.pem: another file has the same key"}) {
        CAPTURE(name);
        CHECK(problems.contains(name));
    }
    CHECK(reading->problems.size() == 6);
    CHECK_FALSE(problems.contains("BEGIN"));
}

TEST_CASE("keys that come and go are noticed") {
    const TemporaryFiles files;
    KeyDirectory directory(files.directory());
    CHECK(directory.read()->keys.empty());
    const auto file = files.write("EdDSA.20260102T030405Z.pem", pem_of(Algorithm::eddsa));
    CHECK(directory.read()->keys.size() == 1);
    std::filesystem::remove(file);
    CHECK(directory.read()->keys.empty());
}

TEST_CASE("a file that could not be read is read again, though nothing shows that it has changed") {
    const TemporaryFiles files;
    KeyDirectory directory(files.directory());
    const std::string name = "EdDSA.20260102T030405Z.pem";
    const std::string pem = pem_of(Algorithm::eddsa);
    const auto file = files.write(name, std::string(pem.size(), 'x'));
    const auto written = std::filesystem::last_write_time(file);
    CHECK(directory.read()->problems.size() == 1);
    files.write(name, pem);
    std::filesystem::last_write_time(file, written);
    CHECK(directory.read()->keys.size() == 1);
}

TEST_CASE("one connector at a time makes keys") {
    const TemporaryFiles files;
    KeyDirectory one(files.directory());
    KeyDirectory other(files.directory());
    {
        const auto lock = one.lock(0ms);
        REQUIRE(lock->has_value());
        CHECK_FALSE(other.lock(0ms)->has_value());
    }
    CHECK(other.lock(0ms)->has_value());
}

TEST_CASE("a removed key's file is gone") {
    const TemporaryFiles files;
    KeyDirectory directory(files.directory());
    const KeyFacts made = make(directory, Algorithm::es256);
    const auto file = directory.read()->keys.at(0).file;
    REQUIRE(directory.remove(made.kid, **directory.lock(0ms)));
    CHECK_FALSE(std::filesystem::exists(file));
}

}  // namespace adit::credential
