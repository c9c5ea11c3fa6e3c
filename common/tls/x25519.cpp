// Calls into OpenSSL; see x25519.h.
#include "common/tls/x25519.h"

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "common/base/secret_scope.h"
#include "common/tls/owner.h"

namespace adit::tls {

std::optional<std::array<std::uint8_t, 32>> x25519_public(std::span<const std::uint8_t> secret) {
    const SecretScope scope;
    const Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, secret.data(), secret.size()));
    std::array<std::uint8_t, 32> out{};
    std::size_t size = out.size();
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1 || size != out.size()) {
        return std::nullopt;
    }
    return out;
}

std::optional<std::array<std::uint8_t, 32>> hkdf_sha256(std::span<const std::uint8_t> secret, std::string_view label) {
    const std::unique_ptr<EVP_PKEY_CTX, Free<&EVP_PKEY_CTX_free>> context(EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr));
    std::array<std::uint8_t, 32> out{};
    std::size_t size = out.size();
    const auto* info = reinterpret_cast<const unsigned char*>(label.data());
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) != 1 ||
        EVP_PKEY_CTX_set1_hkdf_key(context.get(), secret.data(), static_cast<int>(secret.size())) != 1 ||
        EVP_PKEY_CTX_add1_hkdf_info(context.get(), info, static_cast<int>(label.size())) != 1 ||
        EVP_PKEY_derive(context.get(), out.data(), &size) != 1) {
        return std::nullopt;
    }
    return out;
}

}  // namespace adit::tls
