// SipHash-1-3 (Aumasson, Bernstein 2012): hashes of text that others choose, with a key that they do not know.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace adit {

/// The same text has another hash under another key, so nobody outside can look for texts that collide.
template <int Compressions = 1, int Finalisations = 3>
class KeyedHash {
  public:
    constexpr KeyedHash(std::uint64_t k0, std::uint64_t k1) : k0_(k0), k1_(k1) {}

    /// `tweak` tells apart what is hashed: texts of different kinds do not meet.
    std::uint64_t operator()(std::string_view text, std::uint64_t tweak = 0) const {
        State s{k0_ ^ tweak ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ tweak ^ 0x6c7967656e657261,
                k1_ ^ 0x7465646279746573};
        const std::uint64_t length = text.size();
        for (; text.size() >= 8; text.remove_prefix(8)) {
            s.absorb(word(text.data(), 8));
        }
        s.absorb(word(text.data(), text.size()) | length << 56);
        s.v2 ^= 0xFF;
        for (int i = 0; i < Finalisations; ++i) {
            s.round();
        }
        return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    }

  private:
    static std::uint64_t word(const char* bytes, std::size_t count) {
        static_assert(std::endian::native == std::endian::little);
        std::uint64_t value = 0;
        if (count > 0) {
            std::memcpy(&value, bytes, count);
        }
        return value;
    }

    struct State {
        std::uint64_t v0, v1, v2, v3;
        void round() {
            v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
            v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
        }
        void absorb(std::uint64_t m) {
            v3 ^= m;
            for (int i = 0; i < Compressions; ++i) {
                round();
            }
            v0 ^= m;
        }
    };

    std::uint64_t k0_;
    std::uint64_t k1_;
};

}  // namespace adit
