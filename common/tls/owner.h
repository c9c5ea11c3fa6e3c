// Owners of OpenSSL's objects, and what everybody needs who reads PEM: for this folder and common/jose.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

namespace adit::tls {

template <auto kFree>
struct Free {
    void operator()(auto* object) const { kFree(object); }
};
using X509Owner = std::unique_ptr<X509, Free<&X509_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Free<&BIO_free_all>>;

/// A read-only BIO over text that outlives it.
inline Bio reading(std::string_view text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Asked by OpenSSL for what opens an encrypted file. Without it OpenSSL asks the terminal and waits; what is encrypted
/// is what we cannot read.
inline int no_passphrase(char*, int, int, void*) {
    return -1;
}

}  // namespace adit::tls
