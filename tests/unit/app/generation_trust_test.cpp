// Whether a reload notices that the files of something have changed.
#include "connector/generation_trust.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace adit;

namespace {

/// A folder of this test's own.
struct Folder {
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("adit-marks-" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }

    std::filesystem::path write(const std::string& name, const std::string& content) const {
        std::ofstream(path / name, std::ios::binary) << content;
        return path / name;
    }
};

}  // namespace

TEST_CASE("a change of any file that can be loaded is a change, at its very end too") {
    const Folder folder;
    for (const std::size_t size : {10u, 5u << 20, (16u << 20) - 1}) {
        CAPTURE(size);
        const auto file = folder.write("list", std::string(size, 'x') + "1");
        const Mark before = mark_of({file});
        REQUIRE(before);
        CHECK(mark_of({file}) == before);
        folder.write("list", std::string(size, 'x') + "2");
        REQUIRE(mark_of({file}));
        CHECK(mark_of({file}) != before);
    }
}

TEST_CASE("what cannot be read is never the same as before") {
    const Folder folder;
    CHECK_FALSE(mark_of({folder.path / "nowhere"}));
    CHECK_FALSE(mark_of({folder.write("large", std::string((16 << 20) + 1, 'x'))}));
    CHECK(mark_of({std::filesystem::path()}));
}

TEST_CASE("names and settings count as contents do") {
    const Folder folder;
    const auto one = folder.write("one", "same");
    const auto other = folder.write("other", "same");
    CHECK(mark_of({one}) != mark_of({other}));
    CHECK(mark_of({one}) != mark_of({one}, "required"));
    CHECK(mark_of({one, {}}) != mark_of({{}, one}));
}
