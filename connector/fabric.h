// What of the connector's resilience outlives all generations: states that a reload must not forget.
#pragma once

#include "connector/resilience/overload.h"

namespace adit {

/// Made before the first generation, on the main thread; its parts say from where they are used.
struct Fabric {
    resilience::Overload overload;  ///< any thread
};

}  // namespace adit
