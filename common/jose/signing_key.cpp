// Keys that sign; see jose.h.
#include <openssl/err.h>
#include <openssl/pem.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "common/base/encoding.h"
#include "common/base/secret_scope.h"
#include "common/jose/jwk.h"
#include "common/jose/signature.h"

namespace json = boost::json;

namespace adit::jose {

struct SigningKey::State {
    Algorithm algorithm{};
    Pkey key;
    json::object numbers;
    std::string thumbprint;

    State(Algorithm of, Pkey with)
        : algorithm(of), key(std::move(with)), numbers(numbers_of(key.get())), thumbprint(thumbprint_of(numbers)) {}
};

namespace {

Algorithm usual_algorithm(Kind kind) {
    const Curve* curve = curve_of(kind);
    return curve != nullptr ? curve->algorithm : kind == Kind::rsa ? Algorithm::rs256 : Algorithm::eddsa;
}

std::string part_of(const json::object& object) {
    const std::string text = json::serialize(object);
    return base64url_encode({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

Result<SigningKey> SigningKey::generate(Algorithm algorithm) {
    const SecretScope scope;
    const Kind kind = traits(algorithm).kind;
    const Curve* curve = curve_of(kind);
    Pkey key(kind == Kind::rsa  ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(kRsaBitsLeast))
             : curve != nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve->group)
                                : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (key == nullptr) {
        ERR_clear_error();
        return failure(fmt::format("cannot make a key for {}", name(algorithm)));
    }
    return SigningKey(std::make_unique<State>(algorithm, std::move(key)));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem, std::optional<Algorithm> algorithm) {
    const SecretScope scope;
    const Bio bio = reading(pem);
    Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (key == nullptr) {
        return usage_error("not a private key in PEM form without a passphrase");
    }
    const auto kind = kind_of(key.get());
    if (!kind) {
        return usage_error(fmt::format("not a key that can sign: RSA of {} to {} bits, P-256, P-384, P-521 or Ed25519",
                                       kRsaBitsLeast, kRsaBitsMost));
    }
    const Algorithm chosen = algorithm.value_or(usual_algorithm(*kind));
    if (traits(chosen).kind != *kind) {
        return usage_error(fmt::format("the key is not for {} but for {}", name(chosen), name(usual_algorithm(*kind))));
    }
    return SigningKey(std::make_unique<State>(chosen, std::move(key)));
}

SigningKey::SigningKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Algorithm SigningKey::algorithm() const {
    return state_->algorithm;
}

const std::string& SigningKey::thumbprint() const {
    return state_->thumbprint;
}

std::string SigningKey::to_pem() const {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(bio.get(), state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    std::string pem(text, static_cast<std::size_t>(size));
    OPENSSL_cleanse(text, static_cast<std::size_t>(size));
    return pem;
}

json::object SigningKey::public_jwk(std::string_view kid) const {
    json::object jwk = state_->numbers;
    jwk["use"] = "sig";
    jwk["alg"] = name(state_->algorithm);
    jwk["kid"] = kid;
    return jwk;
}

std::string SigningKey::sign(json::object header, const json::object& claims) const {
    header["alg"] = name(state_->algorithm);
    header.emplace("typ", "JWT");
    std::string text = part_of(header) + '.' + part_of(claims);
    const Bytes signature = sign_bytes(state_->key.get(), state_->algorithm, text);
    return text.append(1, '.').append(base64url_encode(signature));
}

}  // namespace adit::jose
