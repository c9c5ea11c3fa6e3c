// The table of algorithms; see algorithm.h.
#include "common/jose/algorithm.h"

#include <openssl/core_names.h>

#include <algorithm>

namespace adit::jose {
namespace {

// In the order of the enumeration.
constexpr std::array kTable{
    Traits{Algorithm::rs256, "RS256", Kind::rsa, "SHA256", false},
    Traits{Algorithm::rs384, "RS384", Kind::rsa, "SHA384", false},
    Traits{Algorithm::rs512, "RS512", Kind::rsa, "SHA512", false},
    Traits{Algorithm::ps256, "PS256", Kind::rsa, "SHA256", true},
    Traits{Algorithm::ps384, "PS384", Kind::rsa, "SHA384", true},
    Traits{Algorithm::ps512, "PS512", Kind::rsa, "SHA512", true},
    Traits{Algorithm::es256, "ES256", Kind::p256, "SHA256", false},
    Traits{Algorithm::es384, "ES384", Kind::p384, "SHA384", false},
    Traits{Algorithm::es512, "ES512", Kind::p521, "SHA512", false},
    Traits{Algorithm::eddsa, "EdDSA", Kind::ed25519, nullptr, false},
};

}  // namespace

const Traits& traits(Algorithm algorithm) {
    return kTable[static_cast<std::size_t>(algorithm)];
}

std::string_view name(Algorithm algorithm) {
    return traits(algorithm).name;
}

std::optional<Algorithm> parse_algorithm(std::string_view name) {
    const auto* found = std::ranges::find(kTable, name, &Traits::name);  // RFC 7515 §4.1.1: case-sensitive
    return found == kTable.end() ? std::nullopt : std::optional(found->algorithm);
}

const Curve* curve_of(Kind kind) {
    const auto* found = std::ranges::find(kCurves, kind, &Curve::kind);
    return found == kCurves.end() ? nullptr : found;
}

std::optional<Kind> kind_of(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "ED25519") == 1) {
        return Kind::ed25519;
    }
    if (EVP_PKEY_is_a(key, "RSA") == 1) {
        const int bits = EVP_PKEY_get_bits(key);
        return bits >= kRsaBitsLeast && bits <= kRsaBitsMost ? std::optional(Kind::rsa) : std::nullopt;
    }
    if (EVP_PKEY_is_a(key, "EC") == 1) {
        std::array<char, 64> group{};
        if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1) {
            const auto* found = std::ranges::find_if(
                kCurves, [&](const Curve& curve) { return std::string_view(group.data()) == curve.group; });
            return found == kCurves.end() ? std::nullopt : std::optional(found->kind);
        }
    }
    return std::nullopt;
}

}  // namespace adit::jose
