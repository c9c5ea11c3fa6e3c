// Where OpenSSL's private keys are; this program has them locked as ours do.
#include "common/tls/key_memory.h"

#include <doctest/doctest.h>
#include <openssl/crypto.h>

#include "common/base/locked_memory.h"
#include "common/base/secret_scope.h"
#include "common/tls/key.h"

using namespace adit;

namespace {

/// Before any test: OpenSSL takes hooks only until it has allocated something.
const bool kLocked = tls::keep_keys_locked();

}  // namespace

TEST_CASE("within a scope OpenSSL allocates from memory for secrets, and without from the heap") {
    REQUIRE(kLocked);
    void* outside = OPENSSL_malloc(40);
    void* inside = nullptr;
    {
        const SecretScope scope;
        inside = OPENSSL_malloc(40);
        void* grown = OPENSSL_realloc(outside, 80);
        CHECK(is_for_secrets(grown));
        OPENSSL_free(grown);
    }
    CHECK(is_for_secrets(inside));
    inside = OPENSSL_realloc(inside, 4000);
    CHECK(is_for_secrets(inside));  // what grows later stays
    OPENSSL_free(inside);
}

TEST_CASE("keys that are read are usable, whatever their kind") {
    REQUIRE(kLocked);
    const auto key = tls::PrivateKey::generate_ed25519();
    CHECK(tls::PrivateKey::from_seed(key->seed())->spki() == key->spki());
    EVP_PKEY* rsa = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
    REQUIRE(rsa != nullptr);
    tls::settle(rsa);
    tls::settle(key->native());
    EVP_PKEY_free(rsa);
}
