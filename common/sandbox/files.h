// Folders outside of which a program finds nothing (landlock(7)).
#pragma once

#include "common/sandbox/sandbox.h"

namespace adit::sandbox {

/// Closes the file system but for `wishes` and what libraries need of the system: names, time zones, certificate
/// authorities, shared objects, /proc and figures of the control group.
Measure restrict_files(const Wishes& wishes);

/// The folders that a wish for `path` opens: its own or its parent, and that of what it leads to. Those that exist.
/// Never the root: it would open everything, so that of a file directly under it the file itself is meant, which then
/// cannot be exchanged by renaming.
std::set<std::filesystem::path> folders_of(const std::filesystem::path& path);

}  // namespace adit::sandbox
