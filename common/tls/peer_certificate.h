// What the certificate of a client says, once its chain has been verified.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <vector>

#include "common/base/time.h"

namespace adit::tls {

/// Parsed once per connection, then only read.
struct PeerCertificate {
    std::string subject;            ///< the whole name (RFC 4514)
    std::string common_name;        ///< the last CN of it; may be empty
    std::vector<std::string> sans;  ///< "dns:gateway.example.com", "uri:spiffe://…", "email:…", "ip:…", in their order
    std::string spki;               ///< base64url of the SHA-256 of the key
    std::string serial;             ///< hex, for logs; of one that is longer the first 64 bytes
    WallTime not_after{};
};

PeerCertificate peer_certificate_of(const X509* certificate);

}  // namespace adit::tls
