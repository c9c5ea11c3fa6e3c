// Digests and codes that protocols ask for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace adit::tls {

/// For the handshake of WebSockets (RFC 6455 §4.2.2), and no security.
std::array<std::uint8_t, 20> sha1(std::string_view bytes);

/// RFC 2104 with SHA-256.
std::array<std::uint8_t, 32> hmac_sha256(std::span<const std::uint8_t> key, std::string_view bytes);

}  // namespace adit::tls
