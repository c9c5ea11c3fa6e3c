// Keys in the form of wg(8).
#include "common/wireguard/key.h"

#include <doctest/doctest.h>

using namespace adit;
using namespace adit::wireguard;

TEST_CASE("a public key is the one that wg prints for the same private key") {
    // RFC 7748 §6.1, Alice.
    const Secret secret("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
    CHECK(public_key(secret)->text() == "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=");
}

TEST_CASE("a generated key is clamped and read back") {
    const Secret secret = generate_key();
    CHECK(valid_key(secret.reveal()));
    const auto key = public_key(secret);
    REQUIRE(key);
    CHECK(PublicKey::parse(key->text()) == *key);
}

TEST_CASE("what is no key is refused in words") {
    for (const char* bad : {"", "AAAA", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo",
                            "not a key at all, but 44 characters long......"}) {
        CAPTURE(bad);
        CHECK_FALSE(valid_key(bad));
        CHECK_FALSE(PublicKey::parse(bad));
        CHECK(public_key(Secret(bad)).error().message.find("wg genkey") != std::string::npos);
    }
}

TEST_CASE("a derived key follows from its secret and its label") {
    const Secret secret("dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=");
    CHECK(derive_key(secret, "a")->reveal() == derive_key(secret, "a")->reveal());
    CHECK(derive_key(secret, "a")->reveal() != derive_key(secret, "b")->reveal());
}
