// What of the connector's resilience outlives all generations: states that a reload must not forget.
#pragma once

namespace adit {

/// Made before the first generation, on the main thread; its parts say from where they are used.
struct Fabric {};

}  // namespace adit
