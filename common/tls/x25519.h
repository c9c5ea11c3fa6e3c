// X25519 and HKDF from OpenSSL, for keys that are not TLS's own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace adit::tls {

/// The public key of 32 secret bytes (RFC 7748 §6.1); they need not be clamped.
std::optional<std::array<std::uint8_t, 32>> x25519_public(std::span<const std::uint8_t> secret);
/// HKDF with SHA-256 and no salt (RFC 5869): 32 bytes that follow from the secret and the label.
std::optional<std::array<std::uint8_t, 32>> hkdf_sha256(std::span<const std::uint8_t> secret, std::string_view label);

}  // namespace adit::tls
