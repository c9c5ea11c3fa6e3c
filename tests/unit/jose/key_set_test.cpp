// Key sets: which keys are taken, and which documents are none.
#include <doctest/doctest.h>

#include "tests/unit/jose/samples.h"

using namespace adit;
using namespace adit::jose;
using namespace adit::jose::samples;

TEST_CASE("keys of all kinds are found by their kid") {
    const auto keys =
        KeySet::parse(in_set(rsa_jwk(R"(,"kid":"r","alg":"PS256","use":"sig")") + "," +
                             ec_jwk(R"(,"kid":"e","key_ops":["verify"])") + "," + ed_jwk(R"(,"kid":"o")")));
    REQUIRE(keys);
    CHECK(keys->size() == 3);
    CHECK(keys->has("r"));
    CHECK(keys->has("e"));
    CHECK(keys->has("o"));
    CHECK_FALSE(keys->has("x"));
}

TEST_CASE("keys that must not verify are left out") {
    const std::string small_n =
        "sszbq1NfZap2IceUCO9rCF9ZYfHE3oU5m6Avgyxu1LmlB6rNPejO-eB7T9iIhxXCEKsGDcx4Cpo5nxnW5PSQZ"
        "M_wzXg1bAOZ3O6k57EoFC108cB0hdvOiCXXKOZGrGiZuF7q5Zt1ftqIk7oK2gbItSdB7dDrR4CSJSGhsSu5mP0";
    std::string even_n(kRsaN);
    even_n.back() = 'A';  // ...a0
    const struct {
        const char* what;
        std::string jwk;
    } table[] = {
        {"RSA of 1024 bits", rsa_jwk({}, small_n)},
        {"RSA of more than 8192 bits", rsa_jwk({}, std::string(1400, 'x'))},
        {"an even modulus", rsa_jwk({}, even_n)},
        {"exponent 1", rsa_jwk({}, kRsaN, "AQ")},
        {"exponent 0", rsa_jwk({}, kRsaN, "AA")},
        {"an even exponent", rsa_jwk({}, kRsaN, "AQAC")},
        {"a huge exponent", rsa_jwk({}, kRsaN, "AQAAAAAAAAAAAAAAAQ")},
        {"base64 with padding", rsa_jwk({}, kRsaN, "AQAB=")},
        {"for encryption", rsa_jwk(R"(,"use":"enc")")},
        {"a use that is no text", rsa_jwk(R"(,"use":1)")},
        {"key_ops without verify", rsa_jwk(R"(,"key_ops":["encrypt","wrapKey"])")},
        {"key_ops that are no list", rsa_jwk(R"(,"key_ops":"verify")")},
        {"an algorithm of encryption", rsa_jwk(R"(,"alg":"RSA-OAEP")")},
        {"an algorithm of another kind of key", rsa_jwk(R"(,"alg":"ES256")")},
        {"a MAC over a public key", rsa_jwk(R"(,"alg":"HS256")")},
        {"an algorithm that is no text", rsa_jwk(R"(,"alg":256)")},
        {"a kid that is no text", rsa_jwk(R"(,"kid":7)")},
        {"a private key", ed_jwk(R"(,"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")")},
        {"a symmetric key", R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"})"},
        {"an unknown curve", ec_jwk({}, kEcX, kEcY, "secp256k1")},
        {"a point of another curve", ec_jwk({}, kEcX, kEcY, "P-384")},
        {"a point off its curve", ec_jwk({}, kEcY, kEcX)},
        {"the point 0,0", ec_jwk({}, std::string(43, 'A'), std::string(43, 'A'))},
        {"a short coordinate", ec_jwk({}, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA", kEcY)},
        {"no coordinate", R"({"kty":"EC","crv":"P-256"})"},
        {"X25519", R"({"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"},
        {"Ed25519: the neutral element", ed_jwk({}, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
        {"Ed25519: of order 4", ed_jwk({}, std::string(43, 'A'))},
        {"Ed25519: of order 4, with sign", ed_jwk({}, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA")},
        {"Ed25519: of order 2", ed_jwk({}, "7P_______________________________________38")},
        {"Ed25519: not reduced", ed_jwk({}, "7f_______________________________________38")},
        {"Ed25519: of order 8", ed_jwk({}, "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o")},
        {"Ed25519: of order 8, with sign", ed_jwk({}, "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU")},
        {"Ed25519: too short", ed_jwk({}, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJHU")},
        {"an unknown kind", R"({"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"})"},
        {"no kind", R"({"kid":"a"})"},
    };
    for (const auto& row : table) {
        CAPTURE(row.what);
        const auto keys = KeySet::parse(in_set(row.jwk + "," + ec_jwk(R"(,"kid":"good")")));
        REQUIRE(keys);
        CHECK(keys->size() == 1);
        CHECK(keys->has("good"));
    }
}

TEST_CASE("a document that is no key set is an error") {
    std::string many = ed_jwk();
    for (std::size_t i = 0; i < KeySet::kKeysMost; ++i) {
        many += "," + ed_jwk();
    }
    for (const std::string& document : {
             std::string(),
             std::string("null"),
             std::string("<html></html>"),
             std::string("{}"),
             std::string(R"({"keys":{}})"),
             std::string(R"({"keys":["a"]})"),
             std::string(R"({"keys":[],"keys":[]})"),
             in_set(R"({"kty":"OKP","kty":"OKP"})"),
             in_set(ed_jwk(R"(,"kid":"a")") + "," + ec_jwk(R"(,"kid":"a")")),
             in_set(many),
             in_set(ed_jwk()) + std::string(KeySet::kMost, ' '),
         }) {
        CAPTURE(document.substr(0, 80));
        CHECK_FALSE(KeySet::parse(document));
    }
    CHECK(KeySet::parse(R"({"keys":[]})")->size() == 0);
}

TEST_CASE("a key for encryption may have the kid of one for signatures") {
    const auto keys = KeySet::parse(in_set(rsa_jwk(R"(,"kid":"a","use":"enc")") + "," + ed_jwk(R"(,"kid":"a")")));
    REQUIRE(keys);
    CHECK(keys->size() == 1);
}
