// Bytes as text: base64url without padding (RFC 4648 §5), hex and base62.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adit {

using Bytes = std::vector<std::uint8_t>;

std::string base64url_encode(std::span<const std::uint8_t> bytes);
/// Strict: no padding, no white space, no bits left over; nothing when `text` is not exactly an encoding.
std::optional<Bytes> base64url_decode(std::string_view text);
std::string hex_encode(std::span<const std::uint8_t> bytes);

}  // namespace adit
