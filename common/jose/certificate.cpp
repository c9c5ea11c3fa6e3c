// The thumbprint of a certificate, by which providers find it.
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>

#include "common/base/encoding.h"
#include "common/jose/algorithm.h"

namespace adit::jose {

Result<std::string> x5t_s256(std::string_view pem) {
    const Bio bio = reading(pem);
    const X509Owner certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    std::array<std::uint8_t, 32> digest{};
    if (certificate == nullptr || X509_digest(certificate.get(), EVP_sha256(), digest.data(), nullptr) != 1) {
        return usage_error("not a certificate in PEM form");
    }
    return base64url_encode(digest);
}

}  // namespace adit::jose
