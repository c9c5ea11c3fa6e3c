// The parts of a generation that stand around its backends and routes when origins fail.
#pragma once

#include "connector/generation.h"

namespace adit {

/// Of each backend. What stood around a backend of the same name goes on, with the settings of now.
void make_guards(Generation& made, const Generation::Means& means, const Generation* previous);

}  // namespace adit
