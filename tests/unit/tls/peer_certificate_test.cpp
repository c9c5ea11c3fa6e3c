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
