// What a configuration says, in so few words that two can be compared and neither is shown.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace adit::config {

/// Of one configuration. Holds no value of it.
struct Outline {
    std::string digest = {};  ///< SHA-256, in hex, of what `config show` prints
    /// By "backends.payments", "routes.shop", "log.level": hashes for this process alone, of secrets, too.
    std::map<std::string, std::size_t> parts = {};
};

/// Names of parts that came, went or are others, in the order of their names.
std::vector<std::string> changed_parts(const Outline& was, const Outline& now);

}  // namespace adit::config
