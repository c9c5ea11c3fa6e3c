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
    /// The files to look at from now on, as they are now.
    void follow(std::vector<std::filesystem::path> files);
    /// Whether a file has changed since the last change that this reported, or since follow().
    bool changed();

  private:
    std::string look() const;

    std::vector<std::filesystem::path> files_;
    std::string known_;
    std::string seen_;
};

}  // namespace adit
