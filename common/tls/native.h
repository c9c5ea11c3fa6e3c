// What the contexts of all uses have in common: for the files of this folder.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/time.h"

namespace adit::tls {

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

/// Reads from `text`, which stays the caller's.
Bio reading(std::string_view text);

/// The reason that OpenSSL has, after what was to be done; its queue of errors is empty then.
std::unexpected<Error> openssl_failure(const std::string& doing);
/// The same of a file that somebody has configured.
std::unexpected<Error> file_failure(const std::filesystem::path& file, const std::string& what);
/// The operator's fault, in our words.
std::unexpected<Error> file_refused(const std::filesystem::path& file, const std::string& why);

/// Of either side, from the version `lowest` on: groups and suites that have forward secrecy and authenticated
/// encryption, no renegotiation, no compression.
SSL_CTX* new_context(const SSL_METHOD* method, int lowest);

/// The certificate and its key that this end shows, of PEM files.
Result<> show_files(SSL_CTX* context, const std::filesystem::path& chain, const std::filesystem::path& key);

WallTime time_of(const ASN1_TIME* time);
std::string text_of(const X509_NAME* name);

}  // namespace adit::tls
