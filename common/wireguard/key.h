// WireGuard keys: X25519 (RFC 7748) and preshared keys, in the base64 text form of wg(8).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/secret.h"

namespace adit::wireguard {

/// A peer's public key. Compared as bytes; text() is what `wg` prints.
struct PublicKey {
    std::array<std::uint8_t, 32> bytes{};

    std::string text() const;
    static std::optional<PublicKey> parse(std::string_view text);
    friend bool operator==(const PublicKey&, const PublicKey&) = default;
    friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
};

/// 32 random bytes as text: a private key, clamped as `wg genkey` does, or a preshared key.
Secret generate_key();
/// Whether a text is 32 bytes in base64.
bool valid_key(std::string_view text);
Result<PublicKey> public_key(const Secret& private_key);
/// A key that follows from another secret and a label (HKDF-SHA256, RFC 5869): the same inputs give the same key, and
/// nobody without the secret can tell.
Result<Secret> derive_key(const Secret& secret, std::string_view label);

}  // namespace adit::wireguard
