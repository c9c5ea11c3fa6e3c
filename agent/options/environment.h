// Values that come by a flag or, without it, by a variable of the environment.
#pragma once

#include <cstdlib>
#include <string>

namespace adit::agent {

/// Empty when the variable is not set.
inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// The first of flag and environment that is set.
inline std::string chosen(const std::string& flag, const char* variable) {
    return flag.empty() ? environment(variable) : flag;
}

}  // namespace adit::agent
