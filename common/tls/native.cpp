// Contexts as all uses have them; see native.h.
#include "common/tls/native.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "common/base/file.h"
#include "common/base/secret_scope.h"
#include "common/tls/key_memory.h"

namespace adit::tls {
namespace {

/// RFC 9325 §4.2: of TLS 1.2 what 1.3 would have taken. A client that has no AES of its own gets ChaCha20.
constexpr const char* kSuites =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

/// Hybrid post-quantum key exchange first where the library knows it (OpenSSL 3.5), else the classical list.
void prefer_groups(SSL_CTX* context) {
    if (SSL_CTX_set1_groups_list(context, "X25519MLKEM768:X25519:P-256:P-384") != 1) {
        ERR_clear_error();
        SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
    }
}

}  // namespace

std::unexpected<Error> openssl_failure(const std::string& doing) {
    // What the system said comes first in the queue, and is what an operator can mend.
    const unsigned long first = ERR_peek_error();
    const char* reason =
        ERR_SYSTEM_ERROR(first) ? std::strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return failure(doing + ": " + (reason == nullptr ? "unknown OpenSSL error" : reason));
}

std::unexpected<Error> file_failure(const std::filesystem::path& file, const std::string& what) {
    auto error = openssl_failure(file.string() + ": cannot use this " + what);
    error.error().usage = true;
    return error;
}

std::unexpected<Error> file_refused(const std::filesystem::path& file, const std::string& why) {
    ERR_clear_error();
    return usage_error(file.string() + ": " + why);
}

SSL_CTX* new_context(const SSL_METHOD* method, int lowest) {
    SSL_CTX* context = SSL_CTX_new(method);
    SSL_CTX_set_min_proto_version(context, lowest);
    SSL_CTX_set_cipher_list(context, kSuites);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    prefer_groups(context);
    return context;
}

Result<> check_curve(EVP_PKEY* key, const std::filesystem::path& file) {
    static constexpr std::array<std::string_view, 3> kOffered{"prime256v1", "secp384r1", "secp521r1"};
    std::array<char, 80> name{};
    std::size_t size = 0;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::ranges::find(kOffered, std::string_view(name.data(), size)) != kOffered.end())) {
        return {};
    }
    const std::string curve = size == 0 ? "curve of its own" : "curve " + std::string(name.data(), size);
    return file_refused(file, "no peer would take this key, which is of the " + curve +
                                  ": use P-256, P-384 or P-521 (or RSA, or Ed25519)");
}

Result<> show_files(SSL_CTX* context, const std::filesystem::path& chain, const std::filesystem::path& key) {
    if (SSL_CTX_use_certificate_chain_file(context, chain.c_str()) != 1) {
        return file_failure(chain, "certificate chain (PEM, the owner's certificate first)");
    }
    const SecretScope scope;
    const auto pem = read_file(key);
    if (!pem) {
        return std::unexpected(pem.error());
    }
    const Pkey read(PEM_read_bio_PrivateKey(reading(*pem).get(), nullptr, no_passphrase, nullptr));
    if (!read) {
        return file_failure(key, "private key (PEM, without a passphrase)");
    }
    settle(read.get());
    // OpenSSL has a place for each type of key: with one of another type the context would have no certificate.
    if (X509_check_private_key(SSL_CTX_get0_certificate(context), read.get()) != 1) {
        return file_failure(key, "private key: it does not belong to the certificate in " + chain.string());
    }
    if (SSL_CTX_use_PrivateKey(context, read.get()) != 1) {
        return file_failure(key, "private key (PEM)");
    }
    return {};
}

}  // namespace adit::tls
