// Making the outline of a document; apart from outline.h, since whoever knows configurations need not know documents.
#pragma once

#include "common/config/node.h"
#include "connector/config/outline.h"

namespace adit::config {

Outline make_outline(const yaml::Node& root);

}  // namespace adit::config
