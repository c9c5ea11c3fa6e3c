// OpenSSL's digests; see digest.h.
#include "common/tls/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

namespace adit::tls {

std::array<std::uint8_t, 20> sha1(std::string_view bytes) {
    std::array<std::uint8_t, 20> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
}

std::array<std::uint8_t, 32> hmac_sha256(std::span<const std::uint8_t> key, std::string_view bytes) {
    std::array<std::uint8_t, 32> code{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
         bytes.size(), code.data(), nullptr);
    return code;
}

}  // namespace adit::tls
