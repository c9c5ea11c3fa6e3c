// Signing and verifying with EVP; ECDSA's r and s between JWS's form and DER. See signature.h.
#include "common/jose/signature.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <stdexcept>

namespace adit::jose {
namespace {

using MdContext = std::unique_ptr<EVP_MD_CTX, Free<&EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Free<&ECDSA_SIG_free>>;
using Number = std::unique_ptr<BIGNUM, Free<&BN_free>>;

/// RFC 7518 §3.4: r and s, each as long as the curve's order, one behind the other.
Bytes raw_of_der(std::span<const std::uint8_t> der, std::size_t coordinate) {
    const unsigned char* at = der.data();
    const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    Bytes raw(2 * coordinate);
    const auto length = static_cast<int>(coordinate);
    if (signature == nullptr || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), length) != length ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + coordinate, length) != length) {
        throw std::runtime_error("OpenSSL made no ECDSA signature");
    }
    return raw;
}

/// Nothing when the length is wrong; OpenSSL checks that both numbers are within the order.
std::optional<Bytes> der_of_raw(std::span<const std::uint8_t> raw, std::size_t coordinate) {
    if (raw.size() != 2 * coordinate) {
        return std::nullopt;
    }
    const auto length = static_cast<int>(coordinate);
    Number r(BN_bin2bn(raw.data(), length, nullptr));
    Number s(BN_bin2bn(raw.data() + coordinate, length, nullptr));
    const EcdsaSignature signature(ECDSA_SIG_new());
    if (r == nullptr || s == nullptr || signature == nullptr ||
        ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
        return std::nullopt;
    }
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    if (size <= 0) {
        return std::nullopt;
    }
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

/// RFC 7518 §3.5: MGF1 with the same hash (OpenSSL's default), a salt as long as the hash.
bool set_padding(EVP_PKEY_CTX* context, const Traits& of) {
    return !of.pss || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0);
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Bytes sign_bytes(EVP_PKEY* key, Algorithm algorithm, std::string_view text) {
    const Traits& of = traits(algorithm);
    const MdContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr;
    std::size_t size = 0;
    if (context == nullptr ||
        EVP_DigestSignInit_ex(context.get(), &key_context, of.digest, nullptr, nullptr, key, nullptr) != 1 ||
        !set_padding(key_context, of) ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1) {
        throw std::runtime_error("OpenSSL cannot sign");
    }
    Bytes signature(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(text), text.size()) != 1) {
        throw std::runtime_error("OpenSSL cannot sign");
    }
    signature.resize(size);
    const Curve* curve = curve_of(of.kind);
    return curve == nullptr ? signature : raw_of_der(signature, curve->coordinate);
}

bool verify_bytes(EVP_PKEY* key, Algorithm algorithm, std::string_view text, std::span<const std::uint8_t> signature) {
    const Traits& of = traits(algorithm);
    std::optional<Bytes> der;
    if (const Curve* curve = curve_of(of.kind)) {
        der = der_of_raw(signature, curve->coordinate);
        if (!der) {
            return false;
        }
        signature = *der;
    }
    const MdContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr;
    const bool good =
        context != nullptr &&
        EVP_DigestVerifyInit_ex(context.get(), &key_context, of.digest, nullptr, nullptr, key, nullptr) == 1 &&
        set_padding(key_context, of) &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes_of(text), text.size()) == 1;
    ERR_clear_error();  // what this thread does next with TLS must not find it
    return good;
}

}  // namespace adit::jose
