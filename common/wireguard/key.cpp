// Keys as text and bytes; see key.h.
#include "common/wireguard/key.h"

#include <algorithm>

#include "common/base/encoding.h"
#include "common/base/random.h"
#include "common/tls/x25519.h"

namespace adit::wireguard {
namespace {

constexpr std::size_t kSize = 32;

/// The bytes of a key as long as they are needed.
class Revealed {
  public:
    explicit Revealed(std::string_view text) : bytes_(base64_decode(text).value_or(Bytes())) {}
    Revealed(const Revealed&) = delete;
    Revealed& operator=(const Revealed&) = delete;
    ~Revealed() { wipe_memory(bytes_.data(), bytes_.size()); }
    explicit operator bool() const { return bytes_.size() == kSize; }
    std::span<const std::uint8_t> bytes() const { return bytes_; }

  private:
    Bytes bytes_;
};

Secret to_secret(std::array<std::uint8_t, kSize>& bytes) {
    Secret secret(base64_encode(bytes));
    wipe_memory(bytes.data(), bytes.size());
    return secret;
}

}  // namespace

std::string PublicKey::text() const {
    return base64_encode(bytes);
}

std::optional<PublicKey> PublicKey::parse(std::string_view text) {
    const auto bytes = base64_decode(text);
    PublicKey key;
    if (!bytes || bytes->size() != key.bytes.size()) {
        return std::nullopt;
    }
    std::ranges::copy(*bytes, key.bytes.begin());
    return key;
}

Secret generate_key() {
    std::array<std::uint8_t, kSize> bytes{};
    fill_random(bytes);
    bytes[0] &= 248;  // RFC 7748 §5: as `wg genkey` writes it
    bytes[31] = static_cast<std::uint8_t>((bytes[31] & 127) | 64);
    return to_secret(bytes);
}

bool valid_key(std::string_view text) {
    return static_cast<bool>(Revealed(text));
}

Result<PublicKey> public_key(const Secret& private_key) {
    const Revealed secret(private_key.reveal());
    const auto bytes = secret ? tls::x25519_public(secret.bytes()) : std::nullopt;
    if (!bytes) {
        return usage_error("not a WireGuard key: 32 bytes in base64, as `wg genkey` prints them, were expected");
    }
    return PublicKey{*bytes};
}

Result<Secret> derive_key(const Secret& secret, std::string_view label) {
    const Revealed from(secret.reveal());
    auto bytes = from ? tls::hkdf_sha256(from.bytes(), label) : std::nullopt;
    if (!bytes) {
        return usage_error("not a WireGuard key: 32 bytes in base64, as `wg genkey` prints them, were expected");
    }
    return to_secret(*bytes);
}

}  // namespace adit::wireguard
