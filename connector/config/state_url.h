// URLs of a Redis: one server, or the sentinels that know which one is the master.
#pragma once

#include <string_view>

#include "common/base/error.h"
#include "connector/config/fleet.h"

namespace adit::config {

/// redis://[[user]:password@]host[:port][/db], rediss:// over TLS;
/// redis+sentinel://[[user]:password@]host[:port],…/MASTER[/db] and rediss+sentinel://. User and password are
/// percent-decoded. The error never repeats the password.
Result<State::Server> parse_state_url(std::string_view text);

}  // namespace adit::config
