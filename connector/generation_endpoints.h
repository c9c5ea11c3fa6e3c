// What all workers know of backends' endpoints, from one generation to the next.
#pragma once

#include "connector/backend/roster.h"
#include "connector/generation.h"

namespace adit {

/// Of a backend. That of an unchanged one goes on; an endpoint that its backend had before keeps its vitals. `before`
/// and `from_before`: what stood around the backend of that name, and what was said of it; null: there was none.
std::shared_ptr<backend::Roster> make_roster(const config::Backend& from, const Generation::Means& means,
                                             const backend::Guards* before, const config::Backend* from_before);

}  // namespace adit
