// Lines whose fields are known only when they are written.
#pragma once

#include <span>

#include "common/log/log.h"

namespace adit::logging {

/// As write() of log.h, with as many fields as there are. From any thread.
void write_line(Level level, std::string_view message, std::span<const Field> fields);

}  // namespace adit::logging
