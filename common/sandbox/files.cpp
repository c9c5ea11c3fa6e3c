// By the system calls themselves: Debian 12 has no library for Landlock. See files.h.
#include "common/sandbox/files.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "common/net/descriptor.h"

namespace adit::sandbox {
namespace {

namespace fs = std::filesystem;
using Rights = std::uint64_t;

// Newer than the headers of Debian 12.
constexpr Rights kTruncate = 1ULL << 14;     // ABI 3
constexpr Rights kIoctlDevice = 1ULL << 15;  // ABI 5

struct RulesetAttributes {
    std::uint64_t files;
    std::uint64_t network;  // ABI 4
    std::uint64_t scoped;   // ABI 6
};
constexpr std::uint64_t kScopeAbstractSockets = 1ULL << 0;
constexpr std::uint64_t kScopeSignals = 1ULL << 1;
constexpr long kScopedSince = 6;

constexpr Rights kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr Rights kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                          LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                          LANDLOCK_ACCESS_FS_MAKE_SOCK | kTruncate;
constexpr Rights kLog = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
constexpr Rights kSocket = LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_SOCK;
constexpr Rights kRun = kRead | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr Rights kDevice = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kIoctlDevice;
/// Of a rule about a file, the kernel takes these alone.
constexpr Rights kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
                            kTruncate | kIoctlDevice;

/// What libraries read while a program runs. /etc as a whole: resolv.conf, hosts and their like are exchanged by
/// renaming, so that a rule about a file would end with the file.
constexpr auto kSystem = std::to_array<const char*>(
    {"/etc", "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/usr/share/ca-certificates",
     "/usr/local/share/ca-certificates", "/usr/share/ssl", "/run/systemd/resolve", "/run/resolvconf",
     "/run/NetworkManager", "/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/sys/kernel/mm"});
constexpr auto kDevices = std::to_array<const char*>({"/dev/null", "/dev/urandom", "/dev/random", "/dev/tty"});
/// Where OpenSSL looks for authorities when these name another place.
constexpr auto kPlaces = std::to_array<const char*>({"SSL_CERT_FILE", "SSL_CERT_DIR"});

/// All rights that the kernel's version of Landlock knows, so that everything that is not granted is refused.
Rights known_to(long abi) {
    Rights all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    all |= abi >= 2 ? Rights{LANDLOCK_ACCESS_FS_REFER} : 0;
    all |= abi >= 3 ? kTruncate : 0;
    all |= abi >= 5 ? kIoctlDevice : 0;
    return all;
}

/// Beyond what is not reached of files.
std::uint64_t scopes(long abi, const Wishes& wishes) {
    return abi < kScopedSince ? 0 : kScopeSignals | (wishes.abstract_sockets ? 0 : kScopeAbstractSockets);
}

/// ", writes /a /b": the folders of `paths`; empty where there are none.
std::string folders_in_words(const char* what, const std::set<fs::path>& paths) {
    std::set<fs::path> folders;
    for (const fs::path& path : paths) {
        folders.merge(folders_of(path));
    }
    std::string text;
    for (const fs::path& folder : folders) {
        text += (text.empty() ? std::string(what) : "") + " " + folder.string();
    }
    return text;
}

std::string in_words(const Wishes& wishes) {
    std::set<fs::path> written = wishes.write;
    written.insert(wishes.logs.begin(), wishes.logs.end());
    const std::string writes = folders_in_words(", writes in", written);
    return "reads the folders that are named and the system's" + (writes.empty() ? ", writes none" : writes) +
           folders_in_words(", has sockets in", wishes.sockets) +
           (written.contains("/") ? "; not the root, which is never opened" : "");
}

/// What they come to.
std::string scopes_in_words(std::uint64_t scopes) {
    return scopes == 0                             ? ""
           : (scopes & kScopeAbstractSockets) != 0 ? "; signals and abstract sockets: its own processes alone"
                                                   : "; signals: its own processes alone";
}

void add_folder(std::set<fs::path>& folders, const fs::path& path) {
    std::error_code error;
    for (fs::path at = path; !at.empty() && at != at.root_path(); at = at.parent_path()) {
        if (fs::is_directory(at, error)) {
            folders.insert(at);
            return;
        }
    }
    if (path.has_relative_path() && fs::exists(path, error)) {
        folders.insert(path);  // directly under the root
    }
}

class Ruleset {
  public:
    Ruleset(Rights handled, std::uint64_t scoped) : handled_(handled) {
        // A kernel that knows less of it takes it while the rest is zero.
        const RulesetAttributes attributes{.files = handled, .network = 0, .scoped = scoped};
        fd_ = net::Descriptor(
            static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    }

    explicit operator bool() const { return static_cast<bool>(fd_); }

    /// A path that does not exist needs no rule.
    void grant(const fs::path& path, Rights rights) const {
        const net::Descriptor at(::open(path.c_str(), O_PATH | O_CLOEXEC));
        struct stat about{};
        if (!at || ::fstat(at.get(), &about) != 0) {
            return;
        }
        landlock_path_beneath_attr rule{};
        rule.parent_fd = at.get();
        rule.allowed_access = rights & handled_ & (S_ISDIR(about.st_mode) ? ~Rights{0} : kOfFiles);
        ::syscall(SYS_landlock_add_rule, fd_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }

    void grant_folders(const std::set<fs::path>& paths, Rights rights) const {
        for (const fs::path& path : paths) {
            for (const fs::path& folder : folders_of(path)) {
                grant(folder, rights);
            }
        }
    }

    bool restrict() const { return ::syscall(SYS_landlock_restrict_self, fd_.get(), 0) == 0; }

  private:
    Rights handled_;
    net::Descriptor fd_;
};

}  // namespace

std::set<fs::path> folders_of(const fs::path& path) {
    std::set<fs::path> folders;
    std::error_code error;
    add_folder(folders, fs::absolute(path, error).lexically_normal());
    if (const fs::path real = fs::canonical(path, error); !error) {
        add_folder(folders, real);
    }
    return folders;
}

std::set<fs::path> switched_folders_of(const fs::path& path) {
    std::set<fs::path> folders;
    std::error_code error;
    fs::path at;
    for (const fs::path& part : fs::absolute(path, error).lexically_normal()) {
        const fs::path own = fs::canonical(at, error);
        at /= part;
        if (!fs::is_symlink(at, error) || !fs::is_directory(at, error)) {
            continue;
        }
        const fs::path beside = fs::canonical(at, error).parent_path();
        const bool below = std::ranges::mismatch(own, beside).in1 == own.end();
        if (below && own.has_relative_path()) {
            folders.insert(beside);
        }
    }
    return folders;
}

long landlock_version() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

Measure restrict_files(const Wishes& wishes) {
    Measure measure{std::string(kFiles), false, {}};
    const long abi = landlock_version();
    if (abi < 1) {
        measure.detail = errno == EOPNOTSUPP ? "this kernel has it switched off" : "this kernel has none";
        return measure;
    }
    const Ruleset ruleset(known_to(abi), scopes(abi, wishes));
    if (!ruleset) {
        measure.detail = std::strerror(errno);
        return measure;
    }
    for (const char* path : kSystem) {
        ruleset.grant(path, kRead);
    }
    for (const char* path : kDevices) {
        ruleset.grant(path, kDevice);
    }
    std::set<fs::path> read = wishes.read;
    for (const char* place : kPlaces) {
        if (const char* named = std::getenv(place); named != nullptr && *named != '\0') {
            read.insert(named);
        }
    }
    ruleset.grant_folders(read, kRead);
    for (const fs::path& path : read) {
        ruleset.grant_folders(switched_folders_of(path), kRead);
    }
    ruleset.grant_folders(wishes.write, kWrite);
    ruleset.grant_folders(wishes.logs, kLog);
    ruleset.grant_folders(wishes.sockets, kSocket);
    if (!wishes.programs.empty()) {
        ruleset.grant(wishes.programs, kRun);  // not the dynamic loader: it runs any program that can be read
    }
    measure.active = ruleset.restrict();
    measure.detail = measure.active ? "version " + std::to_string(abi) + ": " + in_words(wishes) +
                                          scopes_in_words(scopes(abi, wishes))
                                    : std::strerror(errno);
    return measure;
}

}  // namespace adit::sandbox
