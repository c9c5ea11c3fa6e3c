// Header blocks (HPACK, RFC 7541) as a fuzzer chooses them.
#pragma once

#include <string>

#include "tests/fuzz/frames.h"

namespace adit::fuzz {

/// A list of fields that `speaker` could send, encoded. `head`: of a message, with the pseudo-header fields that make a
/// good one, so that a fuzzer has only to add what is wrong with it; else trailers. Some have bytes that are no field.
std::string header_block(Input& input, Speaker speaker, bool head);

}  // namespace adit::fuzz
