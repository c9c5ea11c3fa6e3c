// Text for manual pages: roff with the macros of man(7).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adit::roff {

/// As running text: backslashes, hyphens and what would be a request at the start of a line are made harmless.
std::string text(std::string_view plain);
/// In bold, in italics; within a line.
std::string bold(std::string_view plain);
std::string italic(std::string_view plain);

/// The page's head: .TH and the NAME section.
std::string head(std::string_view page, int section, std::string_view program, std::string_view summary);

/// A section of terms with what they mean; nothing when there are none.
std::string terms(std::string_view heading, const std::vector<std::pair<std::string, std::string>>& list);

}  // namespace adit::roff
