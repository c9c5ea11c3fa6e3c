// How `adit-connector status` shows what a running connector says of itself.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

namespace adit::cli {

/// Prints the object of the admin server's /status as tables on standard output.
void print_status(const boost::json::object& status);

/// The same for what /circuits says.
void print_circuits(const boost::json::object& of);
std::vector<std::string> circuit_names(const boost::json::object& of);

}  // namespace adit::cli
