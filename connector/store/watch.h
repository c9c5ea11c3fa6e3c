// Sees changes of tunnels.d/ by looking: works for editors, the command line, Git and ConfigMaps alike.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connector/store/record.h"

namespace adit {

/// Keeps the last good state of each tunnel. Not thread-safe.
class StoreWatch {
  public:
    explicit StoreWatch(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Looks at the directory; true when the set of tunnels changed. A file that cannot be read keeps its last good
    /// state and adds a message to problems(), once per change of the file.
    bool look();
    std::vector<TunnelRecord> records() const;
    /// Messages since the last call.
    std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

    /// A tunnel that came (no `before`), went (no `after`), or is another one.
    struct Change {
        std::optional<TunnelRecord> before;
        std::optional<TunnelRecord> after;
    };
    /// Those since the last call, by the names of their files. What the first look finds has not changed, and a file
    /// that was written anew as it was has not either.
    std::vector<Change> take_changes() { return std::exchange(changes_, {}); }

  private:
    /// What tells one version of a file from another.
    struct Mark {
        std::uint64_t inode = 0;
        std::int64_t changed_ns = 0;
        std::int64_t size = 0;
        friend bool operator==(const Mark&, const Mark&) = default;
    };
    struct Entry {
        Mark mark;
        std::optional<TunnelRecord> record = {};  ///< nothing when the file was never good
    };

    bool take_file(const std::filesystem::path& file, const Mark& mark);
    void note(std::optional<TunnelRecord> before, const std::optional<TunnelRecord>& after);

    std::filesystem::path directory_;
    std::map<std::string, Entry> entries_;
    std::vector<std::string> problems_;
    std::vector<Change> changes_;
    bool looked_ = false;
};

}  // namespace adit
