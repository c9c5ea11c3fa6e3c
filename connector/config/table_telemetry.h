// The tables of what is logged and traced, and where it goes.
#pragma once

#include "common/config/object.h"
#include "connector/config/telemetry.h"

namespace adit::config {

yaml::Object<Log> log_table();
yaml::Object<Tracing> tracing_table();

}  // namespace adit::config
