// What this process takes of the machine, and how much it may have: memory and descriptors, as Linux tells in files.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace adit {

/// How much is taken of what there is.
struct Use {
    std::uint64_t used = 0;
    std::uint64_t most = 0;  ///< 0: not known
    /// From 0 to 1; 0 where nothing is known.
    double share() const { return most == 0 ? 0 : static_cast<double>(used) / static_cast<double>(most); }
};

/// Reads a handful of files for each question: for a thread that may wait, a few times a second. One thread at a time.
class ProcessUse {
  public:
    /// `root`: where /proc and /sys/fs/cgroup are looked for.
    explicit ProcessUse(std::filesystem::path root = "/") : root_(std::move(root)) {}

    /// Bytes of this process, with its sockets' buffers where its cgroup tells them; and those bytes with what it could
    /// still get: what its cgroups (v1 and v2, up to the root) have left, or the machine, whichever is less. What
    /// others take of either is gone, and not ours: shedding would bring none of it back.
    Use memory() const;
    /// Bytes of this process, of `most`.
    Use memory_of(std::uint64_t most) const { return {resident(), most}; }
    /// Open descriptors, of RLIMIT_NOFILE.
    Use descriptors();

  private:
    std::uint64_t resident() const;
    std::uint64_t count_descriptors() const;

    std::filesystem::path root_;
    std::uint64_t counted_ = 0;  ///< descriptors
    std::chrono::steady_clock::time_point counted_at_{};
};

}  // namespace adit
