// What of a configuration's line may be shown: the line of an error may have a password in it, wherever it stands.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "common/config/schema.h"

namespace adit::yaml {

/// The keys that a table knows.
using Words = std::set<std::string, std::less<>>;

/// Those of a description, at all depths, and `include`.
Words words_of(const Schema& schema);

/// A line in which "..." stands for what is not shown, and where something stands in it.
struct Quote {
    std::string line;
    std::size_t column = 0;  ///< in bytes, from 0
};

/// Keeps of a line its indentation, its punctuation and the keys that are `known`. All else is masked, names and the
/// values of well-known keys too: a line does not say whether what looks like a value is one, or the middle of a secret
/// that began before. `column` counts from 1; within what is masked it becomes the mask's.
Quote masked(std::string_view line, std::size_t column, const Words& known);

}  // namespace adit::yaml
