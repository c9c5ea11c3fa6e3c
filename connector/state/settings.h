// The Redis of a fleet, ready to be dialled.
#pragma once

#include <memory>

#include "common/tls/context.h"
#include "connector/config/fleet.h"

namespace adit::state {

/// Made by a generation, shared by all workers.
struct Settings {
    config::State of;
    std::shared_ptr<const tls::Context> tls;  ///< null: clear text
};

}  // namespace adit::state
