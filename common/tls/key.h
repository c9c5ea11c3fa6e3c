// Private keys and the fingerprints by which peers know each other.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/secret.h"
#include "common/tls/owner.h"

namespace adit::tls {

/// SHA-256 of a key's SubjectPublicKeyInfo (RFC 7469 §2.4): the identity of an agent key or a connector.
struct Spki {
    std::array<std::uint8_t, 32> digest{};

    std::string text() const;  ///< base64url
    static std::optional<Spki> parse(std::string_view text);
    friend bool operator==(const Spki&, const Spki&) = default;
};

/// The 32 bytes that an Ed25519 key is made from (RFC 8032 §5.1.5). Wiped where it dies and where it is moved from.
struct Seed : std::array<std::uint8_t, 32> {
    Seed() : array{} {}
    Seed(const Seed&) = default;
    Seed& operator=(const Seed&) = default;
    Seed(Seed&& other) noexcept : array(other) { other.wipe(); }
    Seed& operator=(Seed&& other) noexcept {
        array::operator=(other);
        if (this != &other) {
            other.wipe();
        }
        return *this;
    }
    ~Seed() { wipe(); }

  private:
    void wipe() { wipe_memory(data(), size()); }
};

/// Owns a private key.
class PrivateKey {
  public:
    static Result<PrivateKey> generate_ed25519();
    static Result<PrivateKey> from_seed(const Seed& seed);
    /// An encrypted one is refused: nobody is asked for a passphrase.
    static Result<PrivateKey> from_pem(std::string_view pem);
    /// Reads a PEM file; with no such file makes an Ed25519 key and writes it there, mode 0600.
    static Result<PrivateKey> load_or_make(const std::filesystem::path& file, bool& made);

    Seed seed() const;  ///< Ed25519 only
    std::string to_pem() const;
    Spki spki() const;
    bool is_ed25519() const { return EVP_PKEY_get_id(key_.get()) == EVP_PKEY_ED25519; }
    EVP_PKEY* native() const { return key_.get(); }

  private:
    explicit PrivateKey(EVP_PKEY* key) : key_(key) {}
    Pkey key_;
};

std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes);

}  // namespace adit::tls

template <>
struct std::hash<adit::tls::Spki> {
    std::size_t operator()(const adit::tls::Spki& spki) const noexcept {
        std::size_t value = 0;  // a digest is as good as any hash of it
        for (std::size_t i = 0; i < sizeof value; ++i) {
            value = (value << 8) | spki.digest[i];
        }
        return value;
    }
};
