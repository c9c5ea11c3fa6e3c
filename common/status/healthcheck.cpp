// Health as an exit status; see healthcheck.h.
#include "common/status/healthcheck.h"

#include <iostream>

#include "common/status/probe.h"

namespace adit::status {

int healthcheck(std::string_view program, const net::HostPort& address) {
    const auto body = get(address, "/ready");
    if (!body) {
        std::cerr << program << ": not ready: " << body.error().message << '\n';
        return 1;
    }
    std::cout << *body;
    return 0;
}

}  // namespace adit::status
