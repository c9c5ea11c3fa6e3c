// Names out of a certificate; see peer_certificate.h.
#include "common/tls/peer_certificate.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "common/base/encoding.h"
#include "common/base/strings.h"
#include "common/tls/certificate.h"
#include "common/tls/owner.h"

namespace adit::tls {
namespace {

constexpr std::size_t kSansMost = 100;  ///< that are looked at
constexpr std::size_t kNameMost = 1024;
constexpr std::size_t kSerialMost = 64;  ///< bytes; RFC 5280 §4.1.2.2 allows 20

std::string rfc4514(const X509_NAME* name) {
    const Bio out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, std::min(static_cast<std::size_t>(std::max(size, 0L)), kNameMost)};
}

/// Names are compared and logged, so one that hides an end or a line in itself is none.
std::string plain(const unsigned char* text, int size) {
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(std::max(size, 0)));
    const bool odd =
        name.size() > kNameMost || std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    return odd ? std::string() : name;
}

std::string common_name(const X509_NAME* name) {
    int at = -1;
    for (int next = X509_NAME_get_index_by_NID(name, NID_commonName, -1); next >= 0;
         next = X509_NAME_get_index_by_NID(name, NID_commonName, next)) {
        at = next;
    }
    if (at < 0) {
        return {};
    }
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    std::string text = plain(utf8, size);
    OPENSSL_free(utf8);
    return text;
}

std::string address_of(const ASN1_OCTET_STRING* value) {
    const unsigned char* bytes = ASN1_STRING_get0_data(value);
    if (ASN1_STRING_length(value) == 4) {
        boost::asio::ip::address_v4::bytes_type v4;
        std::copy_n(bytes, v4.size(), v4.begin());
        return boost::asio::ip::address_v4(v4).to_string();
    }
    if (ASN1_STRING_length(value) == 16) {
        boost::asio::ip::address_v6::bytes_type v6;
        std::copy_n(bytes, v6.size(), v6.begin());
        return boost::asio::ip::address_v6(v6).to_string();
    }
    return {};
}

/// As configurations write it; empty for kinds that nobody is known by.
std::string san_of(const GENERAL_NAME* name) {
    const auto text = [](const ASN1_IA5STRING* value) {
        return plain(ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
    };
    std::string value;
    switch (name->type) {
        case GEN_DNS:
            value = text(name->d.dNSName);
            return value.empty() ? value : "dns:" + to_lower(value);
        case GEN_URI:
            value = text(name->d.uniformResourceIdentifier);
            return value.empty() ? value : "uri:" + value;
        case GEN_EMAIL:
            value = text(name->d.rfc822Name);
            return value.empty() ? value : "email:" + value;
        case GEN_IPADD:
            value = address_of(name->d.iPAddress);
            return value.empty() ? value : "ip:" + value;
        default:
            return {};
    }
}

std::vector<std::string> sans_of(const X509* certificate) {
    std::vector<std::string> sans;
    auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && sans.size() < kSansMost; ++i) {
        if (std::string san = san_of(sk_GENERAL_NAME_value(names, i)); !san.empty()) {
            sans.push_back(std::move(san));
        }
    }
    GENERAL_NAMES_free(names);
    return sans;
}

std::string serial_of(const X509* certificate) {
    const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(serial));
    return hex_encode({ASN1_STRING_get0_data(serial), std::min(size, kSerialMost)});
}

}  // namespace

PeerCertificate peer_certificate_of(const X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    PeerCertificate facts;
    facts.subject = rfc4514(subject);
    facts.common_name = common_name(subject);
    facts.sans = sans_of(certificate);
    facts.spki = spki_of(certificate).text();
    facts.serial = serial_of(certificate);
    facts.not_after = facts_of(certificate).not_after;
    return facts;
}

}  // namespace adit::tls
