// The table of the connector's configuration: every key with its type, its bounds and a sentence about it.
#pragma once

#include "common/config/object.h"
#include "common/config/quote.h"
#include "connector/config/config.h"

namespace adit::config {

/// Reads the root of a document into a Configuration; its schema() is the shape of the file. One for all threads.
const yaml::Object<Configuration>& configuration_table();

/// The keys that it knows: what may be shown of a line.
const yaml::Words& known_words();

}  // namespace adit::config
