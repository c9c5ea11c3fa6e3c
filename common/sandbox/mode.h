// How much of the sandbox is asked for.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace adit::sandbox {

enum class Mode : std::uint8_t {
    automatic,  ///< all that this kernel offers
    required,   ///< no start without all of it
    off,
};

/// Their words in configurations and options, in the order of Mode.
inline constexpr std::array<std::string_view, 3> kModeWords{"auto", "required", "off"};

/// The mode of this word; none when it is none of them.
inline std::optional<Mode> parse_mode(std::string_view text) {
    const auto found = std::ranges::find(kModeWords, text);
    return found == kModeWords.end() ? std::nullopt : std::optional(static_cast<Mode>(found - kModeWords.begin()));
}

}  // namespace adit::sandbox
