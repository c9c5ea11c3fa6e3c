// OpenSSL's digests; see digest.h.
#include "common/tls/digest.h"

#include <openssl/sha.h>

namespace adit::tls {

std::array<std::uint8_t, 20> sha1(std::string_view bytes) {
    std::array<std::uint8_t, 20> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
}

}  // namespace adit::tls
