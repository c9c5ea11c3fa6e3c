// The manual page of a configuration file, written from the table that reads the file.
#pragma once

#include <string>
#include <string_view>

#include "common/config/schema.h"

namespace adit::yaml {

/// Section 5: every key of `root` with its place, what it may be, its default and its sentence. `page` is the page's
/// name, `program` the one that reads the file, `intro` what stands before the keys.
std::string manual_page(const Schema& root, std::string_view page, std::string_view program, std::string_view intro);

}  // namespace adit::yaml
