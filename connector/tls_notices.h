// What is wrong, or soon will be, with what listeners show and ask for, as far as files tell it.
#pragma once

#include <string>
#include <vector>

#include "common/base/time.h"
#include "connector/generation.h"

namespace adit {

/// Revocation lists whose time is over, staples that are not given, and certificates that want one and have none.
std::vector<std::string> tls_notices(const Generation& generation, WallTime now);

}  // namespace adit
