// What else of a request an answer depends on (RFC 9110 §12.5.5).
#pragma once

#include <string_view>
#include <vector>

#include "connector/http/message.h"

namespace adit::policy {

/// Adds a field's name to Vary unless it stands there, or "*" does. `name` outlives the fields.
void add_vary(std::vector<http::Field>& fields, std::string_view name);

}  // namespace adit::policy
