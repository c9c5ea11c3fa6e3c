// Wording of what is known, for messages about what is not.
#include "common/config/suggest.h"

#include <algorithm>

#include "common/base/strings.h"

namespace adit::yaml {

std::string did_you_mean(std::string_view word, std::span<const std::string> words) {
    constexpr std::size_t max_word = 64;  // the comparison is quadratic
    const auto best = word.size() <= max_word ? closest_match(word, words) : std::nullopt;
    return best ? "; did you mean '" + *best + "'?" : std::string();
}

std::string listing(std::span<const std::string> words, std::size_t limit) {
    std::string result;
    for (const auto& word : words.first(std::min(words.size(), limit))) result += (result.empty() ? "" : ", ") + word;
    if (words.size() > limit) result += ", and " + std::to_string(words.size() - limit) + " more";
    return result;
}

}  // namespace adit::yaml
