// Asks a status server whether it is ready: the health check of a container without a shell.
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/net/address.h"

namespace adit::status {

/// GET `path`; the body when the answer is 200. Blocks for at most two seconds.
Result<std::string> get(const net::HostPort& address, const std::string& path);

}  // namespace adit::status
