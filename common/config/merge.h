// Joins two documents into one.
#pragma once

#include "common/config/diagnostics.h"
#include "common/config/node.h"

namespace adit::yaml {

/// Adds `from` to `into`: maps by key, lists at the end. A scalar that both have, or a key with values of different
/// kinds, is an error that names both places; then `into` keeps its own.
void merge(Member& into, Member from, Diagnostics& diagnostics);

/// The same for the maps of two documents.
void merge(Node& into, Node from, Diagnostics& diagnostics);

}  // namespace adit::yaml
