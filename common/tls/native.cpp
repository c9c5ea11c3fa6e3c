// Contexts as all uses have them; see native.h.
#include "common/tls/native.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/x509.h>
#include <openssl/x509err.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

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

/// The certificates and revocation lists of a PEM text, which may have the key as well.
std::string public_parts_of(std::string_view pem) {
    static constexpr std::string_view kBegin = "-----BEGIN ";
    std::string all;
    for (std::size_t at = pem.find(kBegin); at != std::string_view::npos;) {
        const std::size_t next = std::min(pem.find(kBegin, at + kBegin.size()), pem.size());
        const std::string_view block = pem.substr(at, next - at);
        const std::string_view title = block.substr(0, block.find('\n'));
        if (title.contains("CERTIFICATE-----") || title.contains("X509 CRL-----")) {
            all += block;
        }
        at = next == pem.size() ? std::string_view::npos : next;
    }
    return all;
}

Result<std::string> read_public_parts(const std::filesystem::path& file) {
    const SecretScope scope;
    const auto pem = read_file(file);
    return pem ? public_parts_of(*pem) : Result<std::string>(std::unexpected(pem.error()));
}

/// As SSL_CTX_use_certificate_chain_file() does, which leaves a copy of the file in memory.
Result<> show_chain(SSL_CTX* context, const std::filesystem::path& file) {
    const auto pem = read_public_parts(file);
    if (!pem) {
        return std::unexpected(pem.error());
    }
    const Bio bio = reading(*pem);
    const X509Owner first(PEM_read_bio_X509_AUX(bio.get(), nullptr, no_passphrase, nullptr));
    bool good = first && SSL_CTX_use_certificate(context, first.get()) == 1;
    while (good) {
        const X509Owner next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
        if (!next) {
            good = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;  // the end
            break;
        }
        good = SSL_CTX_add1_chain_cert(context, next.get()) == 1;
    }
    if (!good) {
        return file_failure(file, "certificate chain (PEM, the owner's certificate first)");
    }
    ERR_clear_error();
    return {};
}

struct FreeAll {
    void operator()(STACK_OF(X509_INFO) * all) const { sk_X509_INFO_pop_free(all, X509_INFO_free); }
};

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

Result<std::vector<X509Owner>> trust(SSL_CTX* context, const std::filesystem::path& file) {
    const auto pem = read_public_parts(file);
    if (!pem) {
        return std::unexpected(pem.error());
    }
    const std::unique_ptr<STACK_OF(X509_INFO), FreeAll> found(
        PEM_X509_INFO_read_bio(reading(*pem).get(), nullptr, no_passphrase, nullptr));
    std::vector<X509Owner> certificates;
    bool any = false;
    bool good = found != nullptr;
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    for (int i = 0; good && i < sk_X509_INFO_num(found.get()); ++i) {
        X509_INFO* one = sk_X509_INFO_value(found.get(), i);
        good = (one->x509 == nullptr || X509_STORE_add_cert(store, one->x509) == 1) &&
               (one->crl == nullptr || X509_STORE_add_crl(store, one->crl) == 1);
        any = any || one->x509 != nullptr || one->crl != nullptr;
        if (one->x509 != nullptr) {
            certificates.emplace_back(std::exchange(one->x509, nullptr));
        }
    }
    if (good && !any) {
        ERR_raise(ERR_LIB_X509, X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
    }
    if (!good || !any) {
        return file_failure(file, "file of CA certificates (PEM)");
    }
    ERR_clear_error();
    return certificates;
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
    if (auto shown = show_chain(context, chain); !shown) {
        return shown;
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
