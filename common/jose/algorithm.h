// What each algorithm asks of its key (RFC 7518 §3.1, RFC 8037 §3.1), and the owners of OpenSSL's objects.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "common/jose/jose.h"
#include "common/tls/owner.h"

namespace adit::jose {

using tls::Bio;
using tls::Free;
using tls::no_passphrase;
using tls::Pkey;
using tls::reading;
using tls::X509Owner;

/// RFC 7518 §3.3: keys of 2048 bits at least. The upper bound keeps a hostile key set from costing seconds of CPU.
inline constexpr int kRsaBitsLeast = 2048;
inline constexpr int kRsaBitsMost = 8192;

enum class Kind { rsa, p256, p384, p521, ed25519 };

struct Traits {
    Algorithm algorithm;
    std::string_view name;
    Kind kind;
    const char* digest;  ///< null: the algorithm has its own
    bool pss;
};
const Traits& traits(Algorithm algorithm);

struct Curve {
    Kind kind;
    std::string_view name;   ///< in JWK
    const char* group;       ///< OpenSSL's name
    std::size_t coordinate;  ///< bytes
    Algorithm algorithm;     ///< the only one for it
};
inline constexpr std::array kCurves{
    Curve{Kind::p256, "P-256", "prime256v1", 32, Algorithm::es256},
    Curve{Kind::p384, "P-384", "secp384r1", 48, Algorithm::es384},
    Curve{Kind::p521, "P-521", "secp521r1", 66, Algorithm::es512},
};
/// Null for kinds that are no curve of ECDSA.
const Curve* curve_of(Kind kind);

/// The kind of a key that we sign or verify with; nothing for all others, RSA of a bad size among them.
std::optional<Kind> kind_of(const EVP_PKEY* key);

}  // namespace adit::jose
