// What the contexts of all uses have in common: for the files of this folder.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/time.h"
#include "common/tls/owner.h"

namespace adit::tls {

/// The reason that OpenSSL has, after what was to be done; its queue of errors is empty then.
std::unexpected<Error> openssl_failure(const std::string& doing);
/// The same of a file that somebody has configured.
std::unexpected<Error> file_failure(const std::filesystem::path& file, const std::string& what);
/// The operator's fault, in our words.
std::unexpected<Error> file_refused(const std::filesystem::path& file, const std::string& why);

/// Of either side, from the version `lowest` on: groups and suites that have forward secrecy and authenticated
/// encryption, no renegotiation, no compression.
SSL_CTX* new_context(const SSL_METHOD* method, int lowest);

/// Takes the certificates of a PEM file for CAs of peers, and its revocation lists for theirs, as
/// SSL_CTX_load_verify_file() does, which would wait for whoever writes to a FIFO. Returns the certificates.
Result<std::vector<X509Owner>> trust(SSL_CTX* context, const std::filesystem::path& file);

/// The certificate and its key that this end shows, of PEM files.
Result<> show_files(SSL_CTX* context, const std::filesystem::path& chain, const std::filesystem::path& key);

/// Whether peers can be shown `key`: of an elliptic curve that none of them offers (RFC 8446 §4.2.3 has P-256, P-384
/// and P-521), every handshake would fail. `file` is where the error says that it stands.
Result<> check_curve(EVP_PKEY* key, const std::filesystem::path& file);

/// Bounded: of a certificate without an end, which is the year 9999 (RFC 5280 §4.1.2.5), the year 2200.
WallTime time_of(const ASN1_TIME* time);
std::string text_of(const X509_NAME* name);

}  // namespace adit::tls
