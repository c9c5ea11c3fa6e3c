// The table of sessions that operators see.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connector/store/record.h"
#include "connector/tunnel/fleet.h"

namespace adit {

/// {"tunnels":[{"id","name","sessions":[{...}]}]}: all tunnels, with the sessions that are open.
std::string session_table(const std::vector<TunnelRecord>& records,
                          const std::vector<std::shared_ptr<tunnel::SessionInfo>>& sessions);

}  // namespace adit
