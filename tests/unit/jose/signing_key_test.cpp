// Signing keys: made, read, written, and what they sign verifies.
#include <doctest/doctest.h>
#include <openssl/rsa.h>

#include <boost/json/serialize.hpp>

#include "tests/unit/jose/samples.h"

using namespace adit;
using namespace adit::jose;
using namespace adit::jose::samples;

namespace {

constexpr Algorithm kAll[] = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
                              Algorithm::ps512, Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa};
const WallTime kNow{std::chrono::seconds(2'000'000'000)};

std::string pem_of(EVP_PKEY* made) {
    const Pkey key(made);
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

TEST_CASE("what a key of each algorithm signs verifies by its public half, also after a way through PEM") {
    for (const Algorithm algorithm : kAll) {
        CAPTURE(name(algorithm));
        const auto made = SigningKey::generate(algorithm);
        REQUIRE(made);
        const auto key = SigningKey::from_pem(made->to_pem(), algorithm);
        REQUIRE(key);
        CHECK(key->algorithm() == algorithm);
        CHECK(key->thumbprint() == made->thumbprint());
        CHECK(key->thumbprint().size() == 43);
        const auto keys = KeySet::parse(in_set(boost::json::serialize(made->public_jwk("k1"))));
        REQUIRE(keys);
        REQUIRE(keys->has("k1"));
        for (int i = 0; i < 8; ++i) {  // r and s of ECDSA have leading zeros now and then
            const std::string token =
                key->sign({{"kid", "k1"}, {"typ", "at+jwt"}}, {{"iss", "i"}, {"exp", 2'000'000'100}, {"n", i}});
            CHECK(key_id(token) == "k1");
            CHECK(claimed_issuer(token) == "i");
            const auto claims = verify(token, *keys, {.issuer = "i", .audiences = {}, .algorithms = {algorithm}}, kNow);
            REQUIRE_MESSAGE(claims, claims.error().words);
            CHECK(claims->at("n").as_int64() == i);
        }
    }
}

TEST_CASE("names of algorithms are read as they are written, and others do not exist") {
    for (const Algorithm algorithm : kAll) {
        CHECK(parse_algorithm(name(algorithm)) == algorithm);
    }
    for (const char* other : {"none", "None", "HS256", "HS384", "HS512", "rs256", "ES256K", "RS1", "", "RSA-OAEP"}) {
        CHECK_FALSE(parse_algorithm(other));
    }
}

TEST_CASE("a key in PEM gets the usual algorithm of its kind, or one that fits") {
    const auto key = SigningKey::generate(Algorithm::ps256);
    REQUIRE(key);
    CHECK(SigningKey::from_pem(key->to_pem())->algorithm() == Algorithm::rs256);
    CHECK(SigningKey::from_pem(key->to_pem(), Algorithm::ps512)->algorithm() == Algorithm::ps512);
    const auto wrong = SigningKey::from_pem(key->to_pem(), Algorithm::es256);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "the key is not for ES256 but for RS256");
    CHECK(wrong.error().usage);
}

TEST_CASE("keys that are too weak, of other curves, encrypted or no keys are refused") {
    CHECK_FALSE(SigningKey::from_pem(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}))));
    CHECK_FALSE(SigningKey::from_pem(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1"))));
    CHECK_FALSE(SigningKey::from_pem(pem_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"))));
    CHECK_FALSE(SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    CHECK_FALSE(SigningKey::from_pem(""));
    const Pkey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), EVP_aes_256_cbc(), "secret", 6, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    CHECK_FALSE(SigningKey::from_pem({text, static_cast<std::size_t>(size)}));
}

TEST_CASE("the header keeps what it was given, but for alg") {
    const auto key = SigningKey::generate(Algorithm::eddsa);
    REQUIRE(key);
    const std::string token = key->sign({{"alg", "none"}, {"kid", "a"}, {"x5t#S256", "t"}}, {{"a", 1}});
    const auto header = base64url_decode(token.substr(0, token.find('.')));
    REQUIRE(header);
    CHECK(std::string(header->begin(), header->end()) == R"({"alg":"EdDSA","kid":"a","x5t#S256":"t","typ":"JWT"})");
}

TEST_CASE("a certificate has a thumbprint, other text has none") {
    CHECK_FALSE(x5t_s256("no certificate"));
    const auto thumbprint = x5t_s256(  // of `openssl req -x509`; the digest by `openssl x509 -fingerprint -sha256`
        R"(-----BEGIN CERTIFICATE-----
MIIBPjCB8aADAgECAhQY3tJ7KgANNbfs3K1UIxk+pE9EDTAFBgMrZXAwFDESMBAG
A1UEAwwJYWRpdC10ZXN0MCAXDTI2MTEyMTE3NDEyNVoYDzIxMjYxMDI4MTc0MTI1
WjAUMRIwEAYDVQQDDAlhZGl0LXRlc3QwKjAFBgMrZXADIQD65XDvyHQJdftbbrPg
R4QX3OLPsXj7HISXtrWLasrQeaNTMFEwHQYDVR0OBBYEFOxcfA5RxiyGYwIUn9SV
2g4RANlLMB8GA1UdIwQYMBaAFOxcfA5RxiyGYwIUn9SV2g4RANlLMA8GA1UdEwEB
/wQFMAMBAf8wBQYDK2VwA0EAaNW/Fbh+dk41AFpu+3zjK6SQoPdMGmG8abKn8v+x
qohayo0PBdqyVubuCrGwJED4G4Ez+SOyRMigTk9f1W0CAA==
-----END CERTIFICATE-----
)");
    REQUIRE(thumbprint);
    CHECK(*thumbprint == "6Qw6bcM07fxkr_BkpfFUBZW0TCF8GSxYkt1bc2GfhNQ");
}
