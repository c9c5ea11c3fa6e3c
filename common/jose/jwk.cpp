// From JWK to OpenSSL's keys and back; see jwk.h.
#include "common/jose/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>

#include "common/base/encoding.h"

namespace json = boost::json;

namespace adit::jose {
namespace {

using Number = std::unique_ptr<BIGNUM, Free<&BN_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free<&OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<&OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<&EVP_PKEY_CTX_free>>;

std::optional<std::string_view> text_of(const json::object& object, std::string_view member) {
    const json::value* value = object.if_contains(member);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::nullopt : std::optional(std::string_view(*text));
}

std::optional<Bytes> bytes_of(const json::object& object, std::string_view member) {
    const auto text = text_of(object, member);
    return text ? base64url_decode(*text) : std::nullopt;
}

/// For verifying (RFC 7517 §4.2 and §4.3), and nothing that only its owner should know in it.
bool is_for_verifying(const json::object& jwk) {
    const json::value* use = jwk.if_contains("use");
    if (jwk.contains("d") || (use != nullptr && *use != "sig")) {
        return false;
    }
    const json::value* operations = jwk.if_contains("key_ops");
    if (operations == nullptr) {
        return true;
    }
    const json::array* list = operations->if_array();
    return list != nullptr &&
           std::ranges::any_of(*list, [](const json::value& operation) { return operation == "verify"; });
}

/// A public key of OpenSSL's `type` from what `add` puts into the builder.
template <class Add>
Pkey make_key(const char* type, Add add) {
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    if (builder == nullptr || !add(builder.get())) {
        return nullptr;
    }
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
        return nullptr;
    }
    return Pkey(key);
}

Pkey read_rsa(const json::object& jwk) {
    const auto n = bytes_of(jwk, "n");
    const auto e = bytes_of(jwk, "e");
    // Bounded before OpenSSL calculates with them. An exponent of 1 would make any text its own signature.
    if (!n || !e || n->size() > kRsaBitsMost / 8 + 1 || e->size() > 8) {
        return nullptr;
    }
    const Number modulus(BN_bin2bn(n->data(), static_cast<int>(n->size()), nullptr));
    const Number exponent(BN_bin2bn(e->data(), static_cast<int>(e->size()), nullptr));
    if (modulus == nullptr || exponent == nullptr || BN_is_odd(modulus.get()) == 0 || BN_is_odd(exponent.get()) == 0 ||
        BN_is_one(exponent.get()) != 0 || BN_num_bits(modulus.get()) < kRsaBitsLeast) {
        return nullptr;
    }
    return make_key("RSA", [&](OSSL_PARAM_BLD* builder) {
        return OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
               OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1;
    });
}

Pkey read_ec(const json::object& jwk) {
    const auto name = text_of(jwk, "crv");
    const auto x = bytes_of(jwk, "x");
    const auto y = bytes_of(jwk, "y");
    const auto* curve = name ? std::ranges::find(kCurves, *name, &Curve::name) : kCurves.end();
    // RFC 7518 §6.2.1.2: the length of a coordinate is the curve's, leading zeros included.
    if (curve == kCurves.end() || !x || !y || x->size() != curve->coordinate || y->size() != curve->coordinate) {
        return nullptr;
    }
    Bytes point{4};  // SEC 1 §2.3.3: uncompressed
    point.insert(point.end(), x->begin(), x->end());
    point.insert(point.end(), y->begin(), y->end());
    Pkey key = make_key("EC", [&](OSSL_PARAM_BLD* builder) {
        return OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) == 1 &&
               OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1;
    });
    if (key != nullptr) {  // on the curve, and not at infinity
        const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
        if (context == nullptr || EVP_PKEY_public_check(context.get()) != 1) {
            return nullptr;
        }
    }
    return key;
}

/// Points of small order, for which signatures can be made without a key, and encodings that are not the shortest
/// (RFC 8032 §5.1.3): y is below 2^255 - 19 and none of those five. Little endian; the sign of x is the top bit.
bool is_sound_ed25519(Bytes y) {
    static constexpr std::array<std::array<std::uint8_t, 32>, 2> kOrder8{{
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    }};
    y.back() &= 0x7f;
    const bool top_is_full =
        y.back() == 0x7f && std::all_of(y.begin() + 1, y.end() - 1, [](auto b) { return b == 0xff; });
    if (top_is_full && y.front() >= 0xec) {
        return false;  // p - 1, which is of order 2, and p and above
    }
    const bool is_0_or_1 = y.front() <= 1 && std::all_of(y.begin() + 1, y.end(), [](auto b) { return b == 0; });
    return !is_0_or_1 && std::ranges::none_of(kOrder8, [&](const auto& bad) { return std::ranges::equal(bad, y); });
}

Pkey read_okp(const json::object& jwk) {
    const auto x = bytes_of(jwk, "x");
    if (text_of(jwk, "crv") != "Ed25519" || !x || x->size() != 32 || !is_sound_ed25519(*x)) {
        return nullptr;
    }
    return Pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, x->data(), x->size()));
}

Pkey read_numbers(const json::object& jwk) {
    const auto kind = text_of(jwk, "kty");
    return kind == "RSA" ? read_rsa(jwk) : kind == "EC" ? read_ec(jwk) : kind == "OKP" ? read_okp(jwk) : nullptr;
}

std::string number_of(const EVP_PKEY* key, const char* name, std::size_t length) {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key, name, &number);
    const Number owner(number);
    Bytes bytes(length != 0 ? length : static_cast<std::size_t>(BN_num_bytes(number)));
    BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size()));
    return base64url_encode(bytes);
}

}  // namespace

std::optional<PublicKey> read_jwk(const json::object& jwk) {
    PublicKey read;
    const json::value* kid = jwk.if_contains("kid");
    const json::value* algorithm = jwk.if_contains("alg");
    if (!is_for_verifying(jwk) || (kid != nullptr && !kid->is_string())) {
        return std::nullopt;
    }
    if (algorithm != nullptr) {
        read.algorithm = algorithm->is_string() ? parse_algorithm(algorithm->get_string()) : std::nullopt;
        if (!read.algorithm) {
            return std::nullopt;
        }
    }
    read.key = read_numbers(jwk);
    ERR_clear_error();
    const auto kind = read.key == nullptr ? std::nullopt : kind_of(read.key.get());
    if (!kind || (read.algorithm && traits(*read.algorithm).kind != *kind)) {
        return std::nullopt;
    }
    read.kind = *kind;
    read.kid = kid == nullptr ? "" : std::string(std::string_view(kid->get_string()));
    return read;
}

json::object numbers_of(const EVP_PKEY* key) {
    const auto kind = kind_of(key);
    if (kind == Kind::rsa) {
        return {{"kty", "RSA"},
                {"n", number_of(key, OSSL_PKEY_PARAM_RSA_N, 0)},
                {"e", number_of(key, OSSL_PKEY_PARAM_RSA_E, 0)}};
    }
    if (const Curve* curve = kind ? curve_of(*kind) : nullptr) {
        return {{"kty", "EC"},
                {"crv", curve->name},
                {"x", number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, curve->coordinate)},
                {"y", number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve->coordinate)}};
    }
    std::array<std::uint8_t, 32> bytes{};
    std::size_t size = bytes.size();
    EVP_PKEY_get_raw_public_key(key, bytes.data(), &size);
    return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64url_encode(bytes)}};
}

std::string thumbprint_of(const json::object& numbers) {
    // RFC 7638 §3.3: the members in the order of their names, no white space; their values need no escape.
    std::map<std::string_view, std::string_view> ordered;
    for (const auto& member : numbers) {
        ordered.emplace(member.key(), member.value().get_string());
    }
    std::string text;
    for (const auto& [name, value] : ordered) {
        text += text.empty() ? "{\"" : ",\"";
        text.append(name).append("\":\"").append(value).append("\"");
    }
    text += '}';
    std::array<std::uint8_t, 32> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    return base64url_encode(digest);
}

}  // namespace adit::jose
