// Where the token comes from: a file or the environment, never the arguments.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/base/secret.h"

namespace adit::agent {

/// Where a token is to be found, and who said so: "--token-file", "TUNNEL_TOKEN" or "TUNNEL_TOKEN_FILE".
struct TokenPlace {
    std::string said_by;
    std::optional<std::filesystem::path> file;  ///< none: the variable holds the token itself
};

/// --token-file, else TUNNEL_TOKEN, else TUNNEL_TOKEN_FILE; nothing when none of them is set.
std::optional<TokenPlace> token_place(const std::optional<std::filesystem::path>& flag);

/// The text there. The error names the file and why it cannot be read.
Result<Secret> read_token(const TokenPlace& place);

/// The file's mode when users other than its owner can read it; only of regular files that are ours. One that an engine
/// mounts for a container's user belongs to another, and with mode 600 we could not read it.
std::optional<unsigned> exposed_mode(const std::filesystem::path& file);

/// From the place, else, if `or_stdin`, from standard input. Warns of a file that others can read.
Result<Secret> read_token(const std::optional<std::filesystem::path>& flag, bool or_stdin);

}  // namespace adit::agent
