// A CA's word on a certificate of ours (OCSP, DER), from a file that somebody renews. Certificate and issuer are fixed;
// the responses of the corpus that are good were signed by it.
#include "common/tls/ocsp.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "common/tls/native.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/target.h"

namespace {

using namespace adit;

constexpr std::string_view kLeaf = R"(-----BEGIN CERTIFICATE-----
MIIB9DCCAZqgAwIBAgIUcZgs0LVKeMe+IhnQnLegcBb7OFswCgYIKoZIzj0EAwIw
NjELMAkGA1UEBhMCREUxEzARBgNVBAoMCkZ1enosIEluYy4xEjAQBgNVBAMMCUZ1
enogQ0EgMjAgFw0yNjExMjIxNDE0NDRaGA8yMTI2MDcyMTE0MTQ0NFowFzEVMBMG
A1UEAwwMbGVhZi5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWt3P
gS8vHsOlvlCG5z1hMTBvTz1io/+vtTEYs0mvc6l5FON55f4sYsFE/ttB1QevNuDI
qU6/lo8rYGvC5fXv36OBojCBnzBKBgNVHREEQzBBggxsZWFmLmV4YW1wbGWGDHNw
aWZmZTovL2EvYoELYUBiLmV4YW1wbGWHBMAAAgGHECABDbgAAAAAAAAAAAAAAAEw
EQYIKwYBBQUHARgEBTADAgEFMB0GA1UdDgQWBBRq3suVxu3AXTk/Ku2l3cRThRph
jjAfBgNVHSMEGDAWgBTiRAqeQSQ4QMMjRS8Z9ZtmDc+ycjAKBggqhkjOPQQDAgNI
ADBFAiEA5W+dH4bLgzCvIg3P9h7Cgb3ioSSr50tnOLLM6nguqkcCID2SNmVZ4650
lBeveE5YetdRJqt13KbDrs2FaYaCnl5c
-----END CERTIFICATE-----
)";
constexpr std::string_view kIssuer = R"(-----BEGIN CERTIFICATE-----
MIIBzzCCAXagAwIBAgIULmJFkzb0urZeS4cos98RXAXefR4wCgYIKoZIzj0EAwIw
NjELMAkGA1UEBhMCREUxEzARBgNVBAoMCkZ1enosIEluYy4xEjAQBgNVBAMMCUZ1
enogQ0EgMjAgFw0yNjExMjIxNDE0NDRaGA8yMTI2MTAyOTE0MTQ0NFowNjELMAkG
A1UEBhMCREUxEzARBgNVBAoMCkZ1enosIEluYy4xEjAQBgNVBAMMCUZ1enogQ0Eg
MjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHG6dKjqQVrQm/Oftqiof+bcjtzs
Z2s57J289wLAm1HmCItiFQQ7BazKG3WTDBCUJPwC72P1tcfBpmHSIh2CTI+jYDBe
MB0GA1UdDgQWBBTiRAqeQSQ4QMMjRS8Z9ZtmDc+ycjAfBgNVHSMEGDAWgBTiRAqe
QSQ4QMMjRS8Z9ZtmDc+ycjAPBgNVHRMBAf8EBTADAQH/MAsGA1UdDwQEAwIBhjAK
BggqhkjOPQQDAgNHADBEAiALkwXA9Jb2ScZPoO3MA6lUcIFRYavWMSSFvoiGLo1c
PQIgGWbjyDzSJk7UEMf/7aY8WWXTilc0RX7Kdbev24rEPcY=
-----END CERTIFICATE-----
)";
/// Before which no good response of the corpus was made, and after which none was.
constexpr WallTime kSignedAfter{std::chrono::seconds(1795356585)};
constexpr WallTime kSignedBefore{std::chrono::seconds(1795357185)};

SSL_CTX* context() {
    SSL_CTX* made = tls::new_context(TLS_server_method(), TLS1_2_VERSION);
    X509* leaf = PEM_read_bio_X509(tls::reading(kLeaf).get(), nullptr, nullptr, nullptr);
    X509* issuer = PEM_read_bio_X509(tls::reading(kIssuer).get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(made, leaf);
    SSL_CTX_add0_chain_cert(made, issuer);
    X509_free(leaf);
    return made;
}

}  // namespace

void adit::fuzz::run(std::string_view input) {
    static const MemoryFile file("response.der");
    static SSL_CTX* const shown = context();
    const std::string path = file.holds(input);
    const auto response = tls::read_ocsp_response(path, shown);
    demand(ERR_peek_error() == 0, "no error is left to be told of what comes next");
    if (!response) {
        demand(response.error().message.starts_with(path) && response.error().usage, "a bad file is told why");
        return;
    }
    demand(response->der == input, "what is stapled is what was read");
    demand(response->this_update >= kSignedAfter && response->this_update <= kSignedBefore,
           "nobody but the issuer makes a response");
    demand(response->status == tls::OcspResponse::Status::good || !response->may_be_stapled(kSignedBefore),
           "only a good one is stapled");
}
