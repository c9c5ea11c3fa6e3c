// What the connector's manual says beside its commands.
#pragma once

#include "common/command/manual_verbs.h"

namespace adit::cli {

command::Manual manual();

}  // namespace adit::cli
