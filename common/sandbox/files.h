// Folders outside of which a program finds nothing (landlock(7)).
#pragma once

#include "common/sandbox/sandbox.h"

namespace adit::sandbox {

/// Version of the kernel's Landlock; below 1: it has none, or has it switched off (errno is EOPNOTSUPP).
long landlock_version();

/// Closes the file system but for `wishes` and what libraries need of the system: names, time zones, certificate
/// authorities, shared objects, /proc and figures of the control group.
/// And, from version 6 on, keeps signals and connections to abstract Unix sockets to this process and what it starts.
Measure restrict_files(const Wishes& wishes);

/// The folders that a wish for `path` opens: its own or its parent, and that of what it leads to. Those that exist.
/// Never the root: it would open everything, so that of a file directly under it the file itself is meant, which then
/// cannot be exchanged by renaming.
std::set<std::filesystem::path> folders_of(const std::filesystem::path& path);

/// Those beside which folders stand that a link on the way to `path` may lead to next: where it leads to one below its
/// own folder (`current` to `releases/5`), the folder that this one lies in. A link that leads elsewhere opens nothing
/// more, and neither does one to a folder directly under the root.
std::set<std::filesystem::path> switched_folders_of(const std::filesystem::path& path);

}  // namespace adit::sandbox
