// Chance: unpredictable text for identifiers, and a cheap seeded generator for jitter and draws.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace adit {

/// Fills with bytes from the kernel (getrandom(2)); for keys and identifiers.
void fill_random(std::span<std::uint8_t> out);
/// `length` characters of 0-9A-Za-z, each equally likely.
std::string random_base62(std::size_t length);

/// SplitMix64 (Steele, Lea, Flood 2014): not for secrets. A given seed repeats its sequence, for tests.
class Random {
  public:
    Random();  ///< seeded by the kernel
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    /// From [0, 1).
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// From [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  private:
    std::uint64_t state_;
};

}  // namespace adit
