// What the agent's manual says beside its commands.
#pragma once

#include "common/command/manual_verbs.h"

namespace adit::agent {

command::Manual manual();

}  // namespace adit::agent
