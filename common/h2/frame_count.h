// How many frames bytes hold, whatever a library makes of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace adit::h2 {

/// Walks from one frame's head to the next (RFC 9113 §4.1). nghttp2 tells of no frame that it ignores, such as those on
/// streams that have ended. Pure.
class FrameCount {
  public:
    static constexpr std::size_t kHead = 9;

    /// `skip`: bytes before the first frame, the preface.
    explicit FrameCount(std::size_t skip) : skip_(skip) {}

    /// How many frames' heads come to their end within these bytes, which follow those of the call before.
    std::size_t count(std::string_view bytes) {
        std::size_t frames = 0;
        while (!bytes.empty()) {
            if (skip_ > 0) {
                const std::size_t passed = std::min(skip_, bytes.size());
                skip_ -= passed;
                bytes.remove_prefix(passed);
                continue;
            }
            head_[held_++] = static_cast<std::uint8_t>(bytes.front());
            bytes.remove_prefix(1);
            if (held_ == head_.size()) {
                held_ = 0;
                skip_ = std::size_t{head_[0]} << 16 | std::size_t{head_[1]} << 8 | head_[2];
                ++frames;
            }
        }
        return frames;
    }

  private:
    std::size_t skip_;
    std::array<std::uint8_t, kHead> head_{};
    std::size_t held_ = 0;  ///< bytes of a head that is not whole yet
};

}  // namespace adit::h2
