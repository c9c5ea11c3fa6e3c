// A secret text: in locked memory, wiped when it dies, never printed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace adit {

/// Owns a secret. There is no stream operator and no conversion: reveal() is where to look in a review.
class Secret {
  public:
    Secret() = default;
    /// Wipes what it is given, in place, and leaves it empty: a text that is moved in leaves no copy behind. By
    /// reference because a move would leave one: of up to 15 characters, a std::string copies them.
    explicit Secret(std::string&& text);
    Secret(Secret&& other) noexcept
        : text_(std::exchange(other.text_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            text_ = std::exchange(other.text_, nullptr);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~Secret() { wipe(); }
    /// For those who keep one and give it on: never by accident.
    Secret copy() const;

    std::string_view reveal() const { return {text_, size_}; }
    bool empty() const { return size_ == 0; }

  private:
    void keep(std::string_view text);
    void wipe() noexcept;

    char* text_ = nullptr;  ///< of locked_memory.h; null: empty
    std::size_t size_ = 0;
};

/// A secret of a configuration, which is copied and compared: copies share the one text, and equal is what says the
/// same.
class SharedSecret {
  public:
    SharedSecret() = default;
    /// As Secret's.
    explicit SharedSecret(std::string&& text)
        : secret_(text.empty() ? nullptr : std::make_shared<const Secret>(std::move(text))) {}

    std::string_view reveal() const { return secret_ ? secret_->reveal() : std::string_view(); }
    bool empty() const { return secret_ == nullptr; }
    /// As Secret::copy().
    Secret copy() const { return secret_ ? secret_->copy() : Secret(); }
    friend bool operator==(const SharedSecret& a, const SharedSecret& b) { return a.reveal() == b.reveal(); }

  private:
    std::shared_ptr<const Secret> secret_;
};

/// Whether both are the same, in a time that tells nothing of where they differ; their length is no secret.
bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

/// Overwrites memory in a way that the compiler keeps.
void wipe_memory(void* memory, std::size_t size);

}  // namespace adit
