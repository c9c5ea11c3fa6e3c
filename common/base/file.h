// Whole files: read with a bound, written so that a reader sees the old or the new content and never a part. And what
// is opened in folders of others, who may have put a link there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace adit {

/// Of which pipes, terminals and devices read_file() waits for the end.
enum class Pipes {
    inherited,  ///< those that whoever started us has opened for us, by name: /dev/stdin, /dev/fd/N, /proc/self/fd/N
    any,        ///< named ones (FIFOs) as well: for what a command reads once, at its start
};

/// The content; an error names the file and the reason. Larger than `most` bytes is an error, and so is what is no
/// ordinary file but for these pipes: one that nobody writes to would hold up its reader for good.
Result<std::string> read_file(const std::filesystem::path& file, std::size_t most = 16 * 1024 * 1024,
                              Pipes pipes = Pipes::inherited);

/// Writes beside the file, syncs, renames over it and syncs the directory; mode 0600. Written by root, the file belongs
/// to whom the directory belongs to: a service that runs as a user of its own reads what an administrator's command
/// wrote.
Result<> write_file_atomically(const std::filesystem::path& file, std::string_view content);

/// Opens an ordinary file with `flags` (open(2)); the caller closes it. One that is missing is made: with mode 0600,
/// and by root for whom the directory belongs to. What stands there already stays as it is; a link there is not
/// followed, and what is no ordinary file is an error. Errors are reasons without the file's name.
Result<int> open_or_make(const std::filesystem::path& file, int flags);

/// Makes a directory that is missing, with mode 0700, and by root for whom the one above belongs to; errors as above.
Result<> make_private_directory(const std::filesystem::path& directory);

}  // namespace adit
