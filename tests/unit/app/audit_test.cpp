// Lines of the audit log: one for each change, whole, and readable whatever somebody has sent.
#include "connector/admin/audit.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <boost/json/parse.hpp>
#include <csignal>

#include "common/base/file.h"
#include "common/base/random.h"

using namespace adit;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

struct Directory {
    Directory() : path(fs::temp_directory_path() / ("adit-audit-" + random_base62(8))) { fs::create_directory(path); }
    ~Directory() { fs::remove_all(path); }
    fs::path path;
};

/// While it lives files of this process do not grow over `most` bytes: as a full disk, writes come to nothing or half.
class FullDisk {
  public:
    explicit FullDisk(rlim_t most) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        const rlimit now{most, before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, signal_);
    }

  private:
    void (*signal_)(int);
    rlimit before_{};
};

json::object parsed(const std::string& line) {
    return json::parse(line).as_object();  // throws when it is no JSON, or no UTF-8
}

}  // namespace

TEST_CASE("a line is JSON whatever bytes names and paths have") {
    const std::string bytes = "\xFF\xC3(\x80";
    Change change{.by = {bytes, bytes}, .what = "request", .subject = bytes, .request = "POST /" + bytes};
    change.before = json::value(bytes);
    change.reason = bytes;
    const json::object line = parsed(audit_line(change, {}));
    CHECK(line.at("request").as_string() == "POST /\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD");
    CHECK(line.at("before").as_string() == "\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD");
}

TEST_CASE("a long reason is cut between characters") {
    Change change{.what = "reload"};
    for (const char* first : {"", "a", "ab"}) {
        change.reason = first;
        while (change.reason.size() < 4000) {
            change.reason += "\xE2\x82\xAC";
        }
        const std::string reason(parsed(audit_line(change, {})).at("reason").as_string());
        CHECK(reason.ends_with("\xE2\x82\xAC\xE2\x80\xA6"));
        CHECK(reason.size() <= 2048 + 3);
    }
}

TEST_CASE("a link in the log's place is an error, and what it leads to is left alone") {
    const Directory directory;
    REQUIRE(write_file_atomically(directory.path / "other", "something\n"));
    fs::create_symlink(directory.path / "other", directory.path / "audit.jsonl");
    const auto used = AuditLog().use(directory.path / "audit.jsonl");
    REQUIRE_FALSE(used);
    CHECK(used.error().message.contains("audit.jsonl cannot be written: it is a symbolic link"));
    CHECK_FALSE(AuditLog().use("/dev/null"));
    CHECK(read_file(directory.path / "other").value() == "something\n");
}

TEST_CASE("an error about the log is told with the advice that there is, and without where there is none") {
    const Directory directory;
    AuditLog log;
    fs::create_directory(directory.path / "logs");
    REQUIRE(log.use(directory.path / "logs" / "audit.jsonl"));
    fs::remove_all(directory.path / "logs");
    CHECK(log.write({}).error().message.ends_with("No such file or directory"));
    log.advise_by([](std::string_view error) { return error.contains("No such file") ? "make it" : ""; });
    CHECK(log.write({}).error().message.ends_with("No such file or directory; make it"));
    log.advise_by([](std::string_view) { return ""; });
    CHECK(log.write({}).error().message.ends_with("No such file or directory"));
}

TEST_CASE("a line that a full disk has cut is an error, and spoils no other") {
    const Directory directory;
    const fs::path file = directory.path / "audit.jsonl";
    AuditLog log;
    REQUIRE(log.use(file));
    REQUIRE(log.write({.what = "first"}));
    {
        const FullDisk full(fs::file_size(file) + 20);
        CHECK_FALSE(log.write({.what = "second"}));
    }
    REQUIRE(log.write({.what = "third"}));
    const std::string text = read_file(file).value();
    const std::string last = text.substr(text.rfind('\n', text.size() - 2) + 1);
    CHECK(parsed(last).at("what").as_string() == "third");
}
