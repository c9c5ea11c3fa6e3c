// Notices that files have changed, by looking at them: works on every file system, ConfigMaps and bind mounts included.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace adit {

/// Compares size, times and identity of files, links followed. A change counts when it has stood for one look, so that
/// a file is not read while it is written. On one thread.
class FileWatch {
  public:
    /// The files to look at from now on. Of those that were among them already, what has changed since it was last
    /// known counts as a change still; the others are known as they are now.
    void follow(const std::vector<std::filesystem::path>& files);
    /// All files are known as they are now: somebody is about to read them.
    void catch_up();
    /// Whether a file has changed since it was last known; all are known after that.
    bool changed();

  private:
    struct File {
        std::filesystem::path path;
        std::string known;  ///< when it was last known
        std::string seen;   ///< by the last look
    };
    std::vector<File> files_;
};

}  // namespace adit
