// Files in directories of others, who may have put something there first.
#include "common/base/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "common/base/random.h"

using namespace adit;
namespace fs = std::filesystem;

namespace {

constexpr uid_t kNobody = 65534;

struct Directory {
    Directory() : path(fs::temp_directory_path() / ("adit-file-" + random_base62(8))) { fs::create_directory(path); }
    ~Directory() { fs::remove_all(path); }
    fs::path path;
};

struct stat facts(const fs::path& path) {
    struct stat found{};
    CHECK(::lstat(path.c_str(), &found) == 0);
    return found;
}

std::string refused(const fs::path& file) {
    const auto opened = open_or_make(file, O_RDWR);
    if (opened) {
        ::close(*opened);
    }
    return opened ? "" : opened.error().message;
}

}  // namespace

TEST_CASE("a file that is missing is made, for its owner alone, and opened again") {
    const Directory directory;
    CHECK(refused(directory.path / "new") == "");
    CHECK((facts(directory.path / "new").st_mode & 0777U) == 0600U);
    CHECK(refused(directory.path / "new") == "");
    CHECK(refused(directory.path / "nowhere" / "new") == "No such file or directory");
}

TEST_CASE("neither links nor what is no ordinary file are opened") {
    const Directory directory;
    REQUIRE(write_file_atomically(directory.path / "other", "something"));
    fs::create_symlink(directory.path / "other", directory.path / "link");
    fs::create_symlink(directory.path / "missing", directory.path / "dangling");
    CHECK(refused(directory.path / "link").starts_with("it is a symbolic link"));
    CHECK(refused(directory.path / "dangling").starts_with("it is a symbolic link"));
    CHECK_FALSE(fs::exists(directory.path / "missing"));
    REQUIRE(::mkfifo((directory.path / "fifo").c_str(), 0600) == 0);
    CHECK(refused(directory.path / "fifo") == "it is no ordinary file");
    fs::create_directory(directory.path / "folder");
    CHECK(refused(directory.path / "folder") != "");
}

TEST_CASE("of what is read, a pipe that nobody writes to holds nobody up") {
    const Directory directory;
    const fs::path fifo = directory.path / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    fs::create_symlink(fifo, directory.path / "link");
    for (const fs::path& file : {fifo, directory.path / "link", fs::path("/dev/null")}) {
        const auto text = read_file(file);
        REQUIRE_FALSE(text);
        CHECK(text.error().usage);
        CHECK(text.error().message == file.string() + ": it is no ordinary file");
    }
    CHECK(read_file(directory.path).error().message.ends_with(": Is a directory"));
    CHECK(read_file(directory.path / "missing").error().message.ends_with(": No such file or directory"));
}

TEST_CASE("a pipe that was opened for us is read to its end, and a named one where that is asked for") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    REQUIRE(::write(ends[1], "piped", 5) == 5);
    ::close(ends[1]);
    CHECK(read_file("/dev/fd/" + std::to_string(ends[0])).value_or("") == "piped");
    ::close(ends[0]);
    const Directory directory;
    const fs::path fifo = directory.path / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    std::jthread writer([&] {
        const int fd = ::open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
        CHECK(::write(fd, "named", 5) == 5);
        ::close(fd);
    });
    CHECK(read_file(fifo, 100, Pipes::any).value_or("") == "named");
}

TEST_CASE("a directory that is missing is made private, and no link is taken for one") {
    const Directory directory;
    CHECK(make_private_directory(directory.path / "a" / "b"));
    CHECK((facts(directory.path / "a" / "b").st_mode & 0777U) == 0700U);
    fs::permissions(directory.path / "a", fs::perms(0755));
    CHECK(make_private_directory(directory.path / "a" / ""));
    CHECK((facts(directory.path / "a").st_mode & 0777U) == 0755U);
    fs::create_symlink(directory.path / "a", directory.path / "kept elsewhere");
    CHECK(make_private_directory(directory.path / "kept elsewhere"));
    fs::create_symlink(directory.path / "missing", directory.path / "dangling");
    CHECK_FALSE(make_private_directory(directory.path / "dangling"));
    CHECK_FALSE(fs::exists(directory.path / "missing"));
}

TEST_CASE("what root makes in a directory is its owner's, and what was there stays whose it was") {
    if (::geteuid() != 0) {
        MESSAGE("only root gives files away");
        return;
    }
    const Directory directory;
    REQUIRE(write_file_atomically(directory.path / "there", "root's"));
    REQUIRE(::chown(directory.path.c_str(), kNobody, kNobody) == 0);
    CHECK(refused(directory.path / "there") == "");
    CHECK(refused(directory.path / "new") == "");
    CHECK(make_private_directory(directory.path / "folder"));
    REQUIRE(write_file_atomically(directory.path / "written", ""));
    CHECK(facts(directory.path / "there").st_uid == 0);
    for (const char* name : {"new", "folder", "written"}) {
        CHECK_MESSAGE(facts(directory.path / name).st_uid == kNobody, name);
    }
}
