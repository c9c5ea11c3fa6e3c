// What all workers know of backends' endpoints, from one generation to the next.
#pragma once

#include "connector/backend/roster.h"
#include "connector/generation.h"

namespace adit {

/// Of the backend `index` of `made`. That of an unchanged backend goes on; an endpoint that its backend had before
/// keeps its vitals.
std::shared_ptr<backend::Roster> make_roster(const Generation& made, std::size_t index, const Generation::Means& means,
                                             const Generation* previous);

}  // namespace adit
