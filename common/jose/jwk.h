// Public keys as JSON: RFC 7517, RFC 7518 §6, RFC 8037 §2.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "common/jose/algorithm.h"

namespace adit::jose {

struct PublicKey {
    std::string kid;  ///< empty: it has none
    std::optional<Algorithm> algorithm;
    Kind kind{};
    Pkey key;

    bool fits(Algorithm asked) const { return traits(asked).kind == kind && (!algorithm || *algorithm == asked); }
};

/// Nothing for keys that we do not verify with: other kinds and uses, small or odd numbers, private ones.
std::optional<PublicKey> read_jwk(const boost::json::object& jwk);
/// kty and the numbers of a key: the members that its thumbprint is made of (RFC 7638 §3.2).
boost::json::object numbers_of(const EVP_PKEY* key);
/// RFC 7638, with SHA-256.
std::string thumbprint_of(const boost::json::object& numbers);

}  // namespace adit::jose
