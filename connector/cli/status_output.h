// How `adit-connector status` shows what a running connector says of itself.
#pragma once

#include <boost/json/object.hpp>

namespace adit::cli {

/// Prints the object of the admin server's /status as tables on standard output.
void print_status(const boost::json::object& status);

}  // namespace adit::cli
