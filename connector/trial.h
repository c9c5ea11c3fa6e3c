// What `run` would refuse of a configuration whose words are good: files that are not what they should be.
#pragma once

#include <vector>

#include "common/base/error.h"
#include "connector/config/config.h"

namespace adit {

/// Makes what a connector makes of a configuration before it listens, and lets go of it again: TLS contexts, keys,
/// issuers, credentials. Reads files, makes none, and asks nobody. The errors that it came upon; most begin with the
/// file's name.
std::vector<Error> try_out(config::Configuration configuration);

}  // namespace adit
