// How the tunnel verbs show tunnels.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "connector/store/record.h"

namespace adit::cli {

/// "active", "expires in 3d" or "expired".
std::string key_state(const KeyRecord& key);
/// The record as in its file, with the state of each key.
boost::json::object to_json(const TunnelRecord& record);
/// Rows of equal columns on standard output, the first row being the heading. Cells are made printable().
void print_table(std::vector<std::vector<std::string>> rows);
/// A tunnel with its keys and services.
void print(const TunnelRecord& record);
/// All tunnels, a line each. Addresses of the WireGuard network are a column where a tunnel has some, here and above.
void print(const std::vector<TunnelRecord>& records);

}  // namespace adit::cli
