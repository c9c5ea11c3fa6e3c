// Sees changes of tunnels.d/ by looking: works for editors, the command line, Git and ConfigMaps alike.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "connector/store/record.h"

namespace adit {

/// Keeps the last good state of each tunnel. Keys are revoked by changing or removing files: a directory that has gone
/// as a whole (a mount that is lost, an exchange in two steps) is like one that cannot be read. Not thread-safe.
class StoreWatch {
  public:
    explicit StoreWatch(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Why a last good state is in use: nothing that was changed or removed since has an effect.
    struct Trouble {
        enum class What { directory, file };
        What what;
        std::string reason;  ///< with the path
    };

    /// Looks at the directory; true when the set of tunnels changed. What cannot be read keeps its last good state and
    /// is among troubles(). A directory that has not been there yet is one without tunnels.
    bool look();
    std::vector<TunnelRecord> records() const;
    /// As of the last look: of the directory, or else of its files.
    std::vector<Trouble> troubles() const;
    /// Those since the last call that began, or have another reason than before.
    std::vector<Trouble> take_new_troubles() { return std::exchange(new_troubles_, {}); }

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
        std::string trouble = {};                 ///< empty: the record is what the file says
    };

    std::error_code look_at_files(std::set<std::string>& seen, bool& changed);
    /// True when its tunnel changed.
    bool take_file(const std::filesystem::path& file, const Mark& mark);
    bool forget_others(const std::set<std::string>& seen);
    void set_trouble(std::string& place, Trouble::What what, std::string reason);
    void note(std::optional<TunnelRecord> before, const std::optional<TunnelRecord>& after);

    std::filesystem::path directory_;
    std::map<std::string, Entry> entries_;
    std::string trouble_;  ///< of the directory; empty: it was read
    std::vector<Trouble> new_troubles_;
    std::vector<Change> changes_;
    bool looked_ = false;
    bool was_there_ = false;  ///< the directory, at some look
};

}  // namespace adit
