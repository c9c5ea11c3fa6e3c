// Signed tokens: JWS in compact form (RFC 7515), keys as JWK (RFC 7517), claims as JWT (RFC 7519), with the care that
// RFC 8725 asks for: algorithms are pinned by the verifier and bound to the kind of key, "none" and MACs do not exist.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"

namespace adit::jose {

/// RFC 7518 §3.1 without MACs, and RFC 8037.
enum class Algorithm { rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512, eddsa };
std::string_view name(Algorithm algorithm);
std::optional<Algorithm> parse_algorithm(std::string_view name);

/// A key that signs. RSA of 2048 bits at least, P-256, P-384, P-521, Ed25519.
class SigningKey {
  public:
    static Result<SigningKey> generate(Algorithm algorithm);
    /// PKCS#8 or traditional PEM; `algorithm` must fit the key; nothing: RS256, ES256… or EdDSA, as the key is.
    static Result<SigningKey> from_pem(std::string_view pem, std::optional<Algorithm> algorithm = {});

    SigningKey(SigningKey&&) noexcept;
    SigningKey& operator=(SigningKey&&) noexcept;
    ~SigningKey();

    Algorithm algorithm() const;
    /// RFC 7638: SHA-256 of the public key, base64url.
    const std::string& thumbprint() const;
    std::string to_pem() const;
    /// As a member of a JWKS: kty, its numbers, use, alg, and `kid`.
    boost::json::object public_jwk(std::string_view kid) const;
    /// The compact form. `header` gets alg (and typ JWT where it has none); everything else in it stays. Thread-safe.
    std::string sign(boost::json::object header, const boost::json::object& claims) const;

  private:
    struct State;
    explicit SigningKey(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// base64url of the SHA-256 of a certificate's DER (RFC 7515 §4.1.8), of the first one in a PEM text.
Result<std::string> x5t_s256(std::string_view pem);

/// Public keys by which others sign. Immutable.
class KeySet {
  public:
    /// A JWKS document. Keys of unknown kinds, for encryption, or too small are left out (RFC 7517 §5); a document that
    /// is none, is larger than `kMost`, or in which two keys have one kid is an error.
    static Result<KeySet> parse(std::string_view document);
    static constexpr std::size_t kMost = 256 * 1024;
    static constexpr std::size_t kKeysMost = 200;

    KeySet(KeySet&&) noexcept;
    KeySet& operator=(KeySet&&) noexcept;
    ~KeySet();

    std::size_t size() const;
    bool has(std::string_view kid) const;

  private:
    friend struct Verification;
    struct State;
    explicit KeySet(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// What a verifier insists on.
struct Requirements {
    std::string issuer;
    std::vector<std::string> audiences;  ///< one must be among the token's; empty: not looked at
    std::vector<Algorithm> algorithms;
    std::chrono::seconds skew{30};
    std::size_t most = 16 * 1024;  ///< bytes of a token
};

/// Why a token is refused.
enum class Flaw { malformed, too_large, algorithm, unknown_key, signature, expired, not_yet, issuer, audience, claims };

struct Refusal {
    Flaw flaw;
    std::string words;  ///< for logs; nothing of the token but its kid and alg
};

/// The kid in a token's header; nothing when it has none or is malformed.
std::optional<std::string> key_id(std::string_view token);
/// Whose token it says it is, with nothing verified: for telling who has to look at it, never for believing it.
std::optional<std::string> claimed_issuer(std::string_view token);

/// The claims of a token that is what it must be: signature, alg and kid of one key of the set (a token without a kid
/// fits a set with one key for its algorithm), exp there and in the future, nbf and iat not in the future, iss, aud.
/// Duplicate members, "crit", nested or unsecured tokens are refused.
std::expected<boost::json::object, Refusal> verify(std::string_view token, const KeySet& keys,
                                                   const Requirements& requirements, WallTime now);

}  // namespace adit::jose
