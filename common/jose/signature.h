// Signatures as JWS has them, over OpenSSL's EVP.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "common/base/encoding.h"
#include "common/jose/algorithm.h"

namespace adit::jose {

/// The key must be of the algorithm's kind. Throws when OpenSSL cannot sign (out of memory, or randomness).
Bytes sign_bytes(EVP_PKEY* key, Algorithm algorithm, std::string_view text);
/// False for anything that is not exactly a signature of `text`; the key must be of the algorithm's kind.
bool verify_bytes(EVP_PKEY* key, Algorithm algorithm, std::string_view text, std::span<const std::uint8_t> signature);

}  // namespace adit::jose
