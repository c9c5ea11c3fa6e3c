// Asks a status server: the health check of a container without a shell, and the commands of operators.
#pragma once

#include <chrono>
#include <string>

#include "common/base/error.h"
#include "common/net/address.h"

namespace adit::status {

struct Reply {
    int status = 0;
    std::string body;
};

/// One request without a body, of `method` GET or POST. Blocks for at most `patience`.
Result<Reply> ask(const net::HostPort& address, const std::string& method, const std::string& path,
                  std::chrono::seconds patience = std::chrono::seconds(2));

/// GET `path`; the body when the answer is 200. Blocks for at most two seconds.
Result<std::string> get(const net::HostPort& address, const std::string& path);

}  // namespace adit::status
