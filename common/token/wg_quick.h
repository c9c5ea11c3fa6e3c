// A token's seat as a configuration for other WireGuard clients.
#pragma once

#include "common/token/token.h"

namespace adit::token {

/// The file of wg-quick(8) that makes any WireGuard client this seat of the token's row. The error says that the token
/// has no WireGuard part, or which seats there are. Number 0, the lobby, is no seat.
Result<Secret> wg_quick_file(const Token& token, unsigned seat);

}  // namespace adit::token
