// A fuzzer's bytes as decisions.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace adit::fuzz {

/// Takes bytes off the front; when none are left it answers zeros and empty texts, so a conversation comes to its end.
class Input {
  public:
    explicit Input(std::string_view bytes) : left_(bytes) {}

    bool empty() const { return left_.empty(); }
    std::uint8_t byte() {
        const std::string_view one = take(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
    }
    bool flag() { return (byte() & 1) != 0; }
    /// Below `bound`, which is 256 at most.
    std::size_t below(std::size_t bound) { return byte() % bound; }
    /// Of `size` bytes, the first one highest.
    std::uint32_t number(int size) {
        std::uint32_t value = 0;
        while (size-- > 0) {
            value = value << 8 | byte();
        }
        return value;
    }
    std::string_view take(std::size_t size) {
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    /// A text whose length is one byte.
    std::string_view text() { return take(byte()); }
    /// The bytes up to the next one of that value, which is taken, too.
    std::string_view line(char end = '\n') {
        const std::string_view taken = take(std::min(left_.find(end), left_.size()));
        take(1);
        return taken;
    }
    std::string_view rest() { return take(left_.size()); }
    template <typename T, std::size_t N>
    const T& choice(const std::array<T, N>& of) {
        return of[below(N)];
    }

  private:
    std::string_view left_;
};

}  // namespace adit::fuzz
