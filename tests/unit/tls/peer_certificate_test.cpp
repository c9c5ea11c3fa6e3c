// What a client's certificate says of it.
#include "common/tls/peer_certificate.h"

#include <doctest/doctest.h>
#include <openssl/bn.h>
#include <openssl/x509.h>

#include <memory>

#include "common/tls/certificate.h"

using namespace adit;
using namespace adit::tls;

TEST_CASE("a serial number that is as long as its certificate allows is cut") {
    const auto key = PrivateKey::generate_ed25519();
    REQUIRE(key);
    const auto certificate = self_signed(*key, "a client");
    REQUIRE(certificate);
    CHECK(peer_certificate_of(certificate->native()).serial.size() <= 16);
    const std::unique_ptr<BIGNUM, Free<&BN_free>> number(BN_new());
    REQUIRE(BN_set_bit(number.get(), 8 * 8000 - 2) == 1);
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate->native()));
    const std::string serial = peer_certificate_of(certificate->native()).serial;
    CHECK(serial.size() == 128);
    CHECK(serial.starts_with("4000"));
}

TEST_CASE("a certificate without an end (RFC 5280 §4.1.2.5) ends far in the future") {
    const auto key = PrivateKey::generate_ed25519();
    REQUIRE(key);
    const auto certificate = self_signed(*key, "a client");
    REQUIRE(certificate);
    ASN1_TIME_set_string(X509_getm_notAfter(certificate->native()), "99991231235959Z");
    ASN1_TIME_set_string(X509_getm_notBefore(certificate->native()), "00010101000000Z");
    const CertificateFacts facts = facts_of(certificate->native());
    const WallTime year_2199{std::chrono::seconds(7'226'582'400)};
    CHECK(facts.not_after > year_2199);
    CHECK(facts.not_before == WallTime());
    CHECK(peer_certificate_of(certificate->native()).not_after == facts.not_after);
}
