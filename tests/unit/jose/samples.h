// Keys and tokens of the RFCs' examples, and a way to sign any text as a header and claims.
#pragma once

#include <openssl/pem.h>

#include <string>
#include <string_view>

#include "common/base/encoding.h"
#include "common/jose/jose.h"
#include "common/jose/signature.h"

namespace adit::jose::samples {

/// RFC 7515 §A.2.1, without "d".
inline constexpr std::string_view kRsaN =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"
    "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
    "UTo7WTBEMa2R2CapHg66"
    "5xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp"
    "oQ";
/// RFC 7515 §A.3.1.
inline constexpr std::string_view kEcX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
inline constexpr std::string_view kEcY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
/// RFC 8037 §A.2.
inline constexpr std::string_view kEdX = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

inline std::string in_set(std::string_view keys) {
    return "{\"keys\":[" + std::string(keys) + "]}";
}
inline std::string rsa_jwk(std::string_view more = {}, std::string_view n = kRsaN, std::string_view e = "AQAB") {
    return "{\"kty\":\"RSA\",\"n\":\"" + std::string(n) + "\",\"e\":\"" + std::string(e) + "\"" + std::string(more) +
           "}";
}
inline std::string ec_jwk(std::string_view more = {}, std::string_view x = kEcX, std::string_view y = kEcY,
                          std::string_view curve = "P-256") {
    return "{\"kty\":\"EC\",\"crv\":\"" + std::string(curve) + "\",\"x\":\"" + std::string(x) + "\",\"y\":\"" +
           std::string(y) + "\"" + std::string(more) + "}";
}
inline std::string ed_jwk(std::string_view more = {}, std::string_view x = kEdX) {
    return R"({"kty":"OKP","crv":"Ed25519","x":")" + std::string(x) + "\"" + std::string(more) + "}";
}

inline std::string encoded(std::string_view text) {
    return base64url_encode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// A token of any two texts, with a signature that is good.
inline std::string signed_as(const SigningKey& key, std::string_view header, std::string_view claims) {
    const std::string pem = key.to_pem();
    const Bio bio = reading(pem);
    const Pkey native(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    const std::string text = encoded(header) + "." + encoded(claims);
    return text + "." + base64url_encode(sign_bytes(native.get(), key.algorithm(), text));
}

}  // namespace adit::jose::samples
