// Health as an exit status; see healthcheck.h.
#include "common/status/healthcheck.h"

#include <iostream>

namespace adit::status {

int healthcheck(std::string_view program, const Target& target) {
    const auto body = get(target, "/ready");
    if (!body) {
        std::cerr << program << ": not ready: " << body.error().message << '\n';
        return 1;
    }
    std::cout << *body;
    return 0;
}

}  // namespace adit::status
