// Making and fingerprinting certificates; see certificate.h.
#include "common/tls/certificate.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <ctime>

#include "common/base/bounded_time.h"
#include "common/tls/native.h"

namespace adit::tls {
namespace {

constexpr long kHundredYears = 100L * 365 * 24 * 3600;  // the tunnel's keys expire in the store, not here
constexpr long kYesterday = -24L * 3600;                // for peers whose clock is behind

constexpr int kNameMost = 256;  ///< characters of a name that somebody else wrote

/// In an error message or a table: what a stranger wrote there must not steer a terminal.
std::string harmless(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return text;
}

}  // namespace

std::string text_of(const X509_NAME* name) {
    const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at >= 0) {
        unsigned char* utf8 = nullptr;
        const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(std::clamp(size, 0, kNameMost)));
        OPENSSL_free(utf8);
        return harmless(std::move(text));
    }
    std::array<char, kNameMost> text{};
    X509_NAME_oneline(name, text.data(), kNameMost);
    return harmless(text.data());
}

WallTime time_of(const ASN1_TIME* time) {
    std::tm parts{};
    ASN1_TIME_to_tm(time, &parts);
    return bounded_time(::timegm(&parts));
}

Result<Certificate> self_signed(const PrivateKey& key, const std::string& common_name) {
    Certificate certificate(X509_new());
    X509* x509 = certificate.native();
    X509_set_version(x509, X509_VERSION_3);
    std::array<unsigned char, 8> bytes;
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), std::bit_cast<std::uint64_t>(bytes) >> 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), kYesterday);
    X509_gmtime_adj(X509_getm_notAfter(x509), kHundredYears);
    X509_NAME* name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()),
                               -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_set_pubkey(x509, key.native());
    const EVP_MD* digest = key.is_ed25519() ? nullptr : EVP_sha256();
    if (X509_sign(x509, key.native(), digest) == 0) {
        return failure("cannot sign a certificate with this key");
    }
    return certificate;
}

Spki spki_of(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    Spki spki;
    if (size > 0) {
        spki.digest = sha256({der, static_cast<std::size_t>(size)});
        OPENSSL_free(der);
    }
    return spki;
}

CertificateFacts facts_of(const X509* certificate) {
    return {text_of(X509_get_subject_name(certificate)), text_of(X509_get_issuer_name(certificate)),
            time_of(X509_get0_notBefore(certificate)), time_of(X509_get0_notAfter(certificate)), spki_of(certificate)};
}

}  // namespace adit::tls
