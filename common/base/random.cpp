// The kernel's randomness; see random.h.
#include "common/base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace adit {

void fill_random(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const ssize_t got = ::getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno != EINTR) {
            throw std::runtime_error("getrandom failed");
        }
        if (got > 0) {
            out = out.subspan(static_cast<std::size_t>(got));
        }
    }
}

std::string random_base62(std::size_t length) {
    static constexpr char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text;
    while (text.size() < length) {
        std::array<std::uint8_t, 32> bytes;
        fill_random(bytes);
        for (const std::uint8_t byte : bytes) {
            if (byte < 248 && text.size() < length) {  // 248 = 4 * 62: larger values would favour some characters
                text += alphabet[byte % 62];
            }
        }
    }
    return text;
}

Random::Random() : state_(0) {
    std::array<std::uint8_t, 8> bytes;
    fill_random(bytes);
    for (const std::uint8_t byte : bytes) {
        state_ = (state_ << 8) | byte;
    }
}

}  // namespace adit
