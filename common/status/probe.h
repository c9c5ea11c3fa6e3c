// Asks a status server: the health check of a container without a shell, and the commands of operators.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/net/socket_address.h"
#include "common/status/reply_reader.h"

namespace adit::status {

/// How we know a server over TLS, and it us.
struct TargetTls {
    std::filesystem::path exactly = {};      ///< PEM; its certificate, whatever the address; else:
    std::filesystem::path ca = {};           ///< PEM; those that may have issued it, for `name`; empty: the system's
    std::string name = {};                   ///< of the server; empty: its address
    std::filesystem::path certificate = {};  ///< PEM, shown to a server that asks; empty: none
    std::filesystem::path key = {};          ///< PEM
};

/// Where a server is asked, and what it wants to see.
struct Target {
    net::SocketAddress address;
    std::string token = {};             ///< empty: none
    std::optional<TargetTls> tls = {};  ///< clear text without it

    std::string text() const { return (tls ? "https://" : "") + address.text(); }
};

inline constexpr std::chrono::seconds kPatience{2};  ///< with what a server has at hand

/// One request without a body, of `method` GET or POST. Blocks for at most `patience`.
Result<Reply> ask(const Target& target, const std::string& method, const std::string& path,
                  std::chrono::seconds patience = kPatience);

/// GET `path`; the body when the answer is 200. Blocks for at most kPatience.
Result<std::string> get(const Target& target, const std::string& path);

}  // namespace adit::status
