// What a program gives up once it knows what it needs: privileges, files and system calls. Reads no configuration: the
// two programs say what they keep. See capabilities(7), landlock(7), seccomp(2), and docs/security.md.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/metrics/metrics.h"
#include "common/sandbox/mode.h"

namespace adit::sandbox {

/// What a program goes on to need.
struct Wishes {
    Mode mode = Mode::automatic;
    /// Files and folders that it reads, also anew after they were exchanged by renaming: of a file, and of what a
    /// symbolic link leads to, the whole folder is meant; of a file directly under the root, that file alone. Need not
    /// exist.
    std::set<std::filesystem::path> read = {};
    /// The same for what it writes, creates, renames and removes.
    std::set<std::filesystem::path> write = {};
    /// Files that it appends to, moves aside and makes anew, and does not read: of each the whole folder, too, since
    /// what is made anew has another inode.
    std::set<std::filesystem::path> logs = {};
    /// Unix sockets that it listens at, exchanges by renaming and removes: other files of the folder can be removed,
    /// but not written.
    std::set<std::filesystem::path> sockets = {};
    /// Folder of the programs that it starts, which are linked statically; empty: it starts none.
    std::filesystem::path programs = {};
    bool privileged_ports = false;  ///< CAP_NET_BIND_SERVICE, if it has it
    /// CAP_NET_BIND_SERVICE for the programs that it starts, too; asks for privileged_ports as well.
    bool privileged_ports_of_programs = false;
    /// The group that it gives files to: CAP_CHOWN, if it has it.
    std::optional<gid_t> group_of_files = {};
    bool network_devices = false;  ///< CAP_NET_ADMIN, if it has it
    /// Connecting to Unix sockets with abstract names that others listen at. Those with paths can be connected to in
    /// any case: the kernel keeps nobody off but by their modes.
    bool abstract_sockets = false;
};

/// One of the walls, as `status` shows it.
struct Measure {
    std::string name;
    bool active = false;
    std::string detail;  ///< what it comes to, or why it is missing
};

struct Standing {
    std::vector<Measure> measures;
    /// We are root, and without the capabilities by which root passes over the modes of files.
    bool root_by_modes = false;
    Mode mode = Mode::automatic;  ///< as it was wished for
    /// Whether all stand.
    bool whole() const;
    /// For those that are missing: "landlock: this kernel has none"; empty: none is.
    std::string missing() const;
    bool active(std::string_view measure) const;
};

/// Names of the measures.
inline constexpr std::string_view kPrivileges = "no_new_privileges";
inline constexpr std::string_view kCapabilities = "capabilities";
inline constexpr std::string_view kFiles = "landlock";
inline constexpr std::string_view kSystemCalls = "seccomp";
inline constexpr std::string_view kCoreDumps = "core_dumps_off";
inline constexpr std::string_view kSecrets = "locked_secrets";

/// Gives up all but `wishes`, for good, also for programs that are started later. Called once, before the first thread
/// starts: threads inherit what their maker has given up, and the kernel lets nobody do it for others. Fails only with
/// Mode::required: the error says what this kernel or whoever started us does not allow.
Result<Standing> enter(const Wishes& wishes);

/// What to say of an error about a file that cannot be used although it is there, or a port below 1024 that cannot be
/// bound: that the sandbox may be why. Empty where that part of it is not active, or `error` speaks of something else.
std::string advice(const Standing& standing, std::string_view error);
/// The same, to be added to the error as a line of its own; empty where the error says it already.
std::string hint(const Standing& standing, std::string_view error);

/// Enters, shows each measure by the gauge adit_sandbox_active, and warns of what is missing.
Result<Standing> enter(const Wishes& wishes, metrics::Registry& registry);

/// Looks again at what changes while the process runs, which is whether all secrets are locked; has the gauge follow,
/// and warns when they are not any more. Cheap.
void look_again(Standing& standing, metrics::Registry& registry);

/// With Mode::required: an error that says what of it is missing.
Result<> check_required(const Standing& standing);

}  // namespace adit::sandbox
