// When a change of a file counts.
#include "common/base/file_watch.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>

using adit::FileWatch;

namespace {

/// A folder of its own with files whose size tells their versions apart.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "adit-watch-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a change counts once, when it has stood for one look") {
    const Folder folder;
    FileWatch watch;
    watch.follow({folder.write("a", "1"), folder.write("b", "1")});
    CHECK_FALSE(watch.changed());
    folder.write("b", "12");
    CHECK_FALSE(watch.changed());
    folder.write("b", "123");
    CHECK_FALSE(watch.changed());
    CHECK(watch.changed());
    CHECK_FALSE(watch.changed());
}

TEST_CASE("what changes while the files are read counts afterwards") {
    const Folder folder;
    FileWatch watch;
    const auto a = folder.write("a", "1");
    watch.follow({a});
    folder.write("a", "12");
    watch.catch_up();  // a reader begins
    CHECK_FALSE(watch.changed());
    folder.write("a", "123");
    watch.follow({a, folder.write("b", "1")});  // it has found another file
    CHECK_FALSE(watch.changed());
    CHECK(watch.changed());
    CHECK_FALSE(watch.changed());
}
