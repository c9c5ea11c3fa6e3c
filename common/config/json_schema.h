// A table's description as JSON Schema, for editors that complete and check configuration files.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "common/config/schema.h"

namespace adit::yaml {

/// The schema (JSON Schema draft 7, which editors know best) of a document whose root is `root`. References such as
/// ${NAME} are allowed wherever a value is.
boost::json::object json_schema(const Schema& root, const std::string& title);

}  // namespace adit::yaml
