// "did you mean ...?": the known word that is nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace adit::yaml {

/// "; did you mean 'endpoints'?", or nothing when no word is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> words);

/// "a, b, c", cut after `limit` words.
std::string listing(std::span<const std::string> words, std::size_t limit = 20);

}  // namespace adit::yaml
