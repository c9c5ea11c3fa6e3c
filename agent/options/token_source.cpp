// Finding and reading the token; see token_source.h.
#include "agent/options/token_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "common/base/file.h"
#include "common/log/log.h"

namespace adit::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTokenMost = 64 * 1024;  ///< bytes of a file that may be a token
constexpr const char* kNoToken =
    "no token: put it into a file and name it with --token-file or TUNNEL_TOKEN_FILE, or set TUNNEL_TOKEN. "
    "'adit-connector tunnel create NAME' on the gateway side makes one";

/// Standard input to its end, with the bound of a token file.
Result<Secret> token_from_stdin() {
    std::string text;
    std::array<char, 4096> part;
    while (std::cin.read(part.data(), part.size()), std::cin.gcount() > 0) {
        text.append(part.data(), static_cast<std::size_t>(std::cin.gcount()));
        if (text.size() > kTokenMost) {
            return usage_error("what came on standard input is too long for a token");
        }
    }
    return Secret(std::move(text));
}

}  // namespace

std::optional<TokenPlace> token_place(const std::optional<fs::path>& flag) {
    const auto is_set = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0';
    };
    if (flag) {
        return TokenPlace{"--token-file", flag};
    }
    if (is_set("TUNNEL_TOKEN")) {
        return TokenPlace{"TUNNEL_TOKEN", std::nullopt};
    }
    if (is_set("TUNNEL_TOKEN_FILE")) {
        return TokenPlace{"TUNNEL_TOKEN_FILE", std::getenv("TUNNEL_TOKEN_FILE")};
    }
    return std::nullopt;
}

Result<Secret> read_token(const TokenPlace& place) {
    if (!place.file) {
        char* value = std::getenv(place.said_by.c_str());
        Secret token(value == nullptr ? "" : value);
        if (value != nullptr) {
            wipe_memory(value, std::strlen(value));  // where /proc/PID/environ shows it; children do not need it either
        }
        return token;
    }
    auto content = read_file(*place.file, kTokenMost, Pipes::any);
    if (!content) {
        return std::unexpected(std::move(content.error()).with("read the token"));
    }
    return Secret(std::move(*content));
}

std::optional<unsigned> exposed_mode(const fs::path& file) {
    struct stat facts{};
    const bool exposed = ::stat(file.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_uid == ::geteuid() &&
                         (facts.st_mode & 077) != 0;
    return exposed ? std::optional(facts.st_mode & 07777U) : std::nullopt;
}

Result<Secret> read_token(const std::optional<fs::path>& flag, bool or_stdin) {
    const auto place = token_place(flag);
    if (!place) {
        return or_stdin ? token_from_stdin() : usage_error(kNoToken);
    }
    auto token = read_token(*place);
    if (token && place->file && exposed_mode(*place->file)) {
        logging::warn("the token file can be read by other users; chmod 600 it", {{"file", place->file->string()}});
    }
    return token;
}

}  // namespace adit::agent
