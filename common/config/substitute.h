// `${NAME}`, `${NAME:-default}` and `${file:PATH}` within scalars: how secrets and per-machine values reach a file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace adit::yaml {

/// Looks an environment variable up; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The environment of this process.
Environment process_environment();

/// Replaces the references in every scalar below `node`, keys excepted. `$$` stands for one `$`; a `$` before anything
/// else but `{` stands for itself. A default is used when the variable is unset or empty. A path is relative to the
/// file that names it, and one line end at the end of its content is dropped. What comes in is not looked at again. A
/// scalar whose reference cannot be resolved is reported and marked as failed.
void substitute(Node& node, const Environment& environment, Diagnostics& diagnostics);

}  // namespace adit::yaml
