// Text forms of bytes; see encoding.h.
#include "common/base/encoding.h"

#include <algorithm>
#include <array>

#include "common/base/secret.h"

namespace adit {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}();

}  // namespace

std::string base64url_encode(std::span<const std::uint8_t> bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t held = 0;
    int bits = 0;
    for (const std::uint8_t byte : bytes) {
        held = (held << 8) | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            out += kAlphabet[(held >> bits) & 63];
        }
    }
    if (bits > 0) {
        out += kAlphabet[(held << (6 - bits)) & 63];
    }
    return out;
}

std::optional<Bytes> base64url_decode(std::string_view text) {
    Bytes out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : text) {
        const std::int8_t value = kValues[static_cast<std::uint8_t>(c)];
        if (value < 0) {
            return std::nullopt;
        }
        held = (held << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<std::uint8_t>(held >> bits));
        }
    }
    const bool leftover = bits >= 6 || (held & ((1U << bits) - 1)) != 0;
    return leftover ? std::nullopt : std::optional(std::move(out));
}

std::string base64_encode(std::span<const std::uint8_t> bytes) {
    std::string text = base64url_encode(bytes);
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    if (text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos) {
        return std::nullopt;
    }
    std::string url(text.substr(0, text.size() - padding));
    std::ranges::replace(url, '+', '-');
    std::ranges::replace(url, '/', '_');
    auto bytes = base64url_decode(url);
    wipe_memory(url.data(), url.size());
    return bytes && (bytes->size() + padding) % 3 == 0 ? std::move(bytes) : std::nullopt;
}

std::string hex_encode(std::span<const std::uint8_t> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace adit
