// The table of the connector's configuration: every key with its type, its bounds and a sentence about it.
#pragma once

#include "common/config/object.h"
#include "connector/config/config.h"

namespace adit::config {

/// Reads the root of a document into a Configuration; its schema() is the shape of the file.
yaml::Object<Configuration> configuration_table();

}  // namespace adit::config
