// A secret text: wiped when it dies, never printed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace adit {

/// Owns a secret. There is no stream operator and no conversion: reveal() is where to look in a review.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) : text_(std::move(text)) {}
    Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            text_ = other.text_;
            other.wipe();
        }
        return *this;
    }
    ~Secret() { wipe(); }
    /// For those who keep one and give it on: never by accident.
    Secret copy() const { return Secret(text_); }

    std::string_view reveal() const { return text_; }
    bool empty() const { return text_.empty(); }

  private:
    void wipe();
    std::string text_;
};

/// Whether both are the same, in a time that tells nothing of where they differ; their length is no secret.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

/// Overwrites memory in a way that the compiler keeps.
void wipe_memory(void* memory, std::size_t size);

}  // namespace adit
