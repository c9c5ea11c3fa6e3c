// Whole files: read with a bound, written so that a reader sees the old or the new content and never a part.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit {

/// The content; an error names the file and the reason. Larger than `most` bytes is an error.
Result<std::string> read_file(const std::filesystem::path& file, std::size_t most = 16 * 1024 * 1024);

/// Writes beside the file, syncs, renames over it and syncs the directory; mode 0600. Written by root, the file belongs
/// to whom the directory belongs to: a service that runs as a user of its own reads what an administrator's command
/// wrote.
Result<> write_file_atomically(const std::filesystem::path& file, std::string_view content);

/// Gives an open file, made by root, to the owner of the directory; anybody else's stays theirs.
void give_to_owner_of(const std::filesystem::path& directory, int fd);

}  // namespace adit
