// Reading /proc and /sys/fs/cgroup; see process_use.h and cgroups(7).
#include "common/base/process_use.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace adit {
namespace {

namespace fs = std::filesystem;
using Bytes = std::uint64_t;

constexpr Bytes kUnbounded = std::numeric_limits<Bytes>::max();
/// Before Linux 6.2 descriptors are counted one by one: many of them only once in a while.
constexpr Bytes kManyDescriptors = 10'000;
constexpr std::chrono::seconds kManyCountedEvery{2};

/// The first number in the file; nothing where it has none ("max") or is not there.
std::optional<Bytes> number_in(const fs::path& file) {
    std::ifstream in(file);
    Bytes value = 0;
    return in >> value ? std::optional(value) : std::nullopt;
}

/// The number behind `name` in a file of lines "name number" or "name: number".
Bytes member_of(const fs::path& file, std::string_view name) {
    std::ifstream in(file);
    std::string word;
    Bytes value = 0;
    for (std::string line; in >> word; std::getline(in, line)) {
        if (word == name) {
            return in >> value ? value : 0;
        }
    }
    return 0;
}

/// The files in which one version of cgroups tells of memory.
struct Version {
    const char* most;
    const char* used;
    const char* reclaimable;  ///< member of memory.stat: pages of files that nobody has looked at lately
};
constexpr Version kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};
constexpr Version kVersion2{"memory.max", "memory.current", "inactive_file"};

/// What the group at `directory` has left.
Bytes left_in(const fs::path& directory, const Version& version) {
    const auto most = number_in(directory / version.most);
    const auto used = number_in(directory / version.used);
    if (!most || !used) {
        return kUnbounded;
    }
    const Bytes reclaimable = std::min(*used, member_of(directory / "memory.stat", version.reclaimable));
    return *most - std::min(*most, *used - reclaimable);
}

struct Group {
    Bytes left = kUnbounded;  ///< in it and in all above it
    Bytes sockets = 0;        ///< of its processes
};

/// A group of a container that does not see its own path is found at the top: there the walk ends anyhow.
Group look_at(const fs::path& top, const fs::path& path, const Version& version) {
    Group group;
    for (fs::path at = path.relative_path();; at = at.parent_path()) {
        group.left = std::min(group.left, left_in(at.empty() ? top : top / at, version));
        if (at.empty()) {
            break;
        }
    }
    group.sockets = member_of(top / path.relative_path() / "memory.stat", "sock");
    return group;
}

/// The line of /proc/self/cgroup that says where memory is accounted: "4:memory:/path", or "0::/path" of version 2.
Group memory_group(const fs::path& root) {
    std::ifstream in(root / "proc/self/cgroup");
    const fs::path mount = root / "sys/fs/cgroup";
    Group group;
    for (std::string line; std::getline(in, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
        const fs::path path = line.substr(second + 1);
        if (controllers.contains(",memory,")) {
            group = look_at(mount / "memory", path, kVersion1);
        } else if (controllers == ",," && group.left == kUnbounded) {
            group = look_at(mount, path, kVersion2);
        }
    }
    return group;
}

}  // namespace

std::uint64_t ProcessUse::resident() const {
    std::ifstream in(root_ / "proc/self/statm");
    Bytes size = 0;
    Bytes pages = 0;
    in >> size >> pages;
    return pages * static_cast<Bytes>(::sysconf(_SC_PAGESIZE));
}

Use ProcessUse::memory() const {
    const Group group = memory_group(root_);
    const Bytes available = member_of(root_ / "proc/meminfo", "MemAvailable:") * 1024;
    const Bytes ours = resident() + group.sockets;
    const Bytes left = std::min(group.left, available);
    return {ours, ours == 0 && left == 0 ? 0 : ours + left};
}

Use ProcessUse::descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return {};
    }
    const auto now = std::chrono::steady_clock::now();
    if (counted_ < kManyDescriptors || now >= counted_at_ + kManyCountedEvery) {
        counted_ = count_descriptors();
        counted_at_ = now;
    }
    return {counted_, limit.rlim_cur};
}

std::uint64_t ProcessUse::count_descriptors() const {
    const fs::path directory = root_ / "proc/self/fd";
    struct stat facts{};
    if (::stat(directory.c_str(), &facts) == 0 && facts.st_size > 0) {
        return static_cast<Bytes>(facts.st_size);  // proc(5): since Linux 6.2 the number of open ones
    }
    std::error_code ignored;
    const auto all = fs::directory_iterator(directory, ignored);
    return ignored ? 0 : static_cast<Bytes>(std::distance(fs::begin(all), fs::end(all)));
}

}  // namespace adit
