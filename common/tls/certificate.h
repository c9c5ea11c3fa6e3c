// Self-signed certificates: envelopes that carry a key through a TLS handshake.
#pragma once

#include <openssl/x509.h>

#include <memory>
#include <string>

#include "common/base/time.h"
#include "common/tls/key.h"

namespace adit::tls {

/// Owns an X.509 certificate.
class Certificate {
  public:
    explicit Certificate(X509* certificate) : certificate_(certificate) {}
    X509* native() const { return certificate_.get(); }

  private:
    struct Free {
        void operator()(X509* certificate) const { X509_free(certificate); }
    };
    std::unique_ptr<X509, Free> certificate_;
};

/// A certificate of `key` signed by itself, with no meaning beyond the key: peers pin the SPKI and look at nothing
/// else.
Result<Certificate> self_signed(const PrivateKey& key, const std::string& common_name);

Spki spki_of(const X509* certificate);

/// What a person wants to know of a certificate.
struct CertificateFacts {
    std::string subject;  ///< its common name, or all of its name when it has none
    std::string issuer;   ///< likewise
    WallTime not_before;
    WallTime not_after;
    Spki spki;
};

CertificateFacts facts_of(const X509* certificate);

}  // namespace adit::tls
