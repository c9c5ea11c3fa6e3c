// Reading and checking responses; see ocsp.h.
#include "common/tls/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <memory>

#include "common/base/file.h"
#include "common/tls/native.h"

namespace adit::tls {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kResponseMost = 64 * 1024;
constexpr auto kSkew = 5min;  ///< between the CA's clock and ours
constexpr auto kUsualLife = 24h;
constexpr long kStatusRequest = 5;  ///< the TLS feature of RFC 7633

using Response = std::unique_ptr<OCSP_RESPONSE, Free<OCSP_RESPONSE_free>>;
using Basic = std::unique_ptr<OCSP_BASICRESP, Free<OCSP_BASICRESP_free>>;
using CertificateId = std::unique_ptr<OCSP_CERTID, Free<OCSP_CERTID_free>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;

X509* issuer_of(X509* certificate, STACK_OF(X509) * chain) {
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        if (X509_check_issued(sk_X509_value(chain, i), certificate) == X509_V_OK) {
            return sk_X509_value(chain, i);
        }
    }
    return X509_check_issued(certificate, certificate) == X509_V_OK ? certificate : nullptr;
}

/// The part about this certificate; which hash names it is the responder's choice.
OCSP_SINGLERESP* part_about(OCSP_BASICRESP* basic, const X509* certificate, const X509* issuer) {
    for (int i = 0; i < OCSP_resp_count(basic); ++i) {
        OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
        auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
        ASN1_OBJECT* algorithm = nullptr;
        OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, id);
        const EVP_MD* digest = EVP_get_digestbyobj(algorithm);
        const CertificateId wanted(digest == nullptr ? nullptr : OCSP_cert_to_id(digest, certificate, issuer));
        if (wanted && OCSP_id_cmp(wanted.get(), id) == 0) {
            return single;
        }
    }
    return nullptr;
}

/// RFC 6960 §4.2.2.2: by the issuer itself, or by one whom it has made a responder.
bool signed_by(OCSP_BASICRESP* basic, X509* issuer, STACK_OF(X509) * chain) {
    const Store trusted(X509_STORE_new());
    X509_STORE_add_cert(trusted.get(), issuer);
    X509_STORE_set_flags(trusted.get(), X509_V_FLAG_PARTIAL_CHAIN);
    return OCSP_basic_verify(basic, chain, trusted.get(), 0) == 1;
}

OcspResponse::Status status_of(int native) {
    using enum OcspResponse::Status;
    return native == V_OCSP_CERTSTATUS_GOOD ? good : native == V_OCSP_CERTSTATUS_REVOKED ? revoked : unknown;
}

}  // namespace

bool OcspResponse::may_be_stapled(WallTime now) const {
    return status == Status::good && now >= this_update - kSkew && now < next_update;
}

Result<OcspResponse> read_ocsp_response(const std::filesystem::path& file, SSL_CTX* context) {
    auto der = read_file(file, kResponseMost);
    if (!der) {
        return std::unexpected(der.error());
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(der->data());
    const Response response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der->size())));
    const Basic basic(response ? OCSP_response_get1_basic(response.get()) : nullptr);
    if (!basic) {
        const bool refused = response && OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL;
        return file_refused(file, refused
                                      ? "this OCSP response is a refusal: " +
                                            std::string(OCSP_response_status_str(OCSP_response_status(response.get())))
                                      : "this is no OCSP response (DER)");
    }
    X509* certificate = SSL_CTX_get0_certificate(context);
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(context, static_cast<void*>(&chain));
    X509* issuer = issuer_of(certificate, chain);
    if (issuer == nullptr) {
        return file_refused(file, "cannot be checked: the issuer's certificate is not in the chain");
    }
    OCSP_SINGLERESP* about = part_about(basic.get(), certificate, issuer);
    if (about == nullptr) {
        return file_refused(file, "this OCSP response is about another certificate");
    }
    if (!signed_by(basic.get(), issuer, chain)) {
        return file_failure(file, "OCSP response: its issuer has not signed it");
    }
    ASN1_GENERALIZEDTIME* this_update = nullptr;
    ASN1_GENERALIZEDTIME* next_update = nullptr;
    OcspResponse found{};
    found.der = std::move(*der);
    found.status = status_of(OCSP_single_get0_status(about, nullptr, nullptr, &this_update, &next_update));
    found.this_update = time_of(this_update);
    found.next_update = next_update == nullptr ? found.this_update + kUsualLife : time_of(next_update);
    return found;
}

bool must_staple(const X509* certificate) {
    using Features = std::unique_ptr<TLS_FEATURE, Free<TLS_FEATURE_free>>;
    const Features features(static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
    for (int i = 0; features && i < sk_ASN1_INTEGER_num(features.get()); ++i) {
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == kStatusRequest) {
            return true;
        }
    }
    ERR_clear_error();
    return false;
}

}  // namespace adit::tls
