// OCSP responses (RFC 6960) that a certificate's owner staples to its handshakes (RFC 6066 §8).
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <string>

#include "common/base/error.h"
#include "common/base/time.h"

namespace adit::tls {

/// What a CA says of one certificate, signed by it or by whom it has named for that.
struct OcspResponse {
    enum class Status { good, revoked, unknown };
    std::string der;
    Status status = Status::unknown;
    WallTime this_update;
    WallTime next_update;  ///< a day after the other where the CA does not say

    /// Whether a client would take it: it says something good, and says it of now.
    bool may_be_stapled(WallTime now) const;
};

/// The response in `file` (DER), for the certificate that `context` shows; the issuer's certificate has to be in its
/// chain. One that is of another certificate, or that its issuer has not signed, is an error; one whose time is over is
/// none.
Result<OcspResponse> read_ocsp_response(const std::filesystem::path& file, SSL_CTX* context);

/// RFC 7633: whether the certificate asks its clients to refuse a handshake without a response.
bool must_staple(const X509* certificate);

}  // namespace adit::tls
