// Bytes as text (RFC 4648): base64 with padding (§4), base64url without (§5), hex.
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
/// The form of wg(8), PEM and HTTP: the other two last letters, padded to whole groups.
std::string base64_encode(std::span<const std::uint8_t> bytes);
/// As strict: padded, and exactly an encoding.
std::optional<Bytes> base64_decode(std::string_view text);
std::string hex_encode(std::span<const std::uint8_t> bytes);

}  // namespace adit
