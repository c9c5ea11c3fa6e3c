// Keys by OpenSSL; see key.h.
#include "common/tls/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>

#include "common/base/encoding.h"
#include "common/base/file.h"
#include "common/base/secret_scope.h"
#include "common/tls/key_memory.h"
#include "common/tls/native.h"

namespace adit::tls {
std::string Spki::text() const {
    return base64url_encode(digest);
}

std::optional<Spki> Spki::parse(std::string_view text) {
    const auto bytes = base64url_decode(text);
    Spki spki;
    if (!bytes || bytes->size() != spki.digest.size()) {
        return std::nullopt;
    }
    std::ranges::copy(*bytes, spki.digest.begin());
    return spki;
}

Result<PrivateKey> PrivateKey::generate_ed25519() {
    const SecretScope scope;
    EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    if (key == nullptr) {
        ERR_clear_error();
        return failure("cannot make an Ed25519 key");
    }
    return PrivateKey(key);
}

Result<PrivateKey> PrivateKey::from_seed(const Seed& seed) {
    const SecretScope scope;
    EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size());
    if (key == nullptr) {
        ERR_clear_error();
        return failure("not an Ed25519 seed");
    }
    return PrivateKey(key);
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
    const SecretScope scope;
    EVP_PKEY* key = PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_passphrase, nullptr);
    if (key == nullptr) {
        ERR_clear_error();  // they would be told as the reason of what fails next
        return usage_error("not a private key in PEM form without a passphrase");
    }
    settle(key);
    return PrivateKey(key);
}

Result<PrivateKey> PrivateKey::load_or_make(const std::filesystem::path& file, bool& made) {
    const SecretScope scope;
    std::error_code ignored;
    made = !std::filesystem::exists(file, ignored);
    if (made) {
        auto key = generate_ed25519();
        if (!key) {
            return key;
        }
        if (auto written = write_file_atomically(file, key->to_pem()); !written) {
            return std::unexpected(std::move(written.error()).with("write the connector's new key"));
        }
        return key;
    }
    const auto pem = read_file(file);
    if (!pem) {
        return std::unexpected(pem.error());
    }
    auto key = from_pem(*pem);
    if (!key) {
        return std::unexpected(std::move(key.error()).with(file.string()));
    }
    if (auto offered = check_curve(key->native(), file); !offered) {
        return std::unexpected(std::move(offered.error()));
    }
    return key;
}

Seed PrivateKey::seed() const {
    Seed seed;
    std::size_t size = seed.size();
    EVP_PKEY_get_raw_private_key(key_.get(), seed.data(), &size);
    return seed;
}

std::string PrivateKey::to_pem() const {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

Spki PrivateKey::spki() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    Spki spki;
    if (size > 0) {
        spki.digest = sha256({der, static_cast<std::size_t>(size)});
        OPENSSL_free(der);
    }
    return spki;
}

std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes) {
    // OpenSSL's SHA256() looks the algorithm up under a lock and allocates its state each time; keys of callers are
    // digested for each request. Final leaves nothing of the input in the state.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local const std::unique_ptr<EVP_MD_CTX, Free<&EVP_MD_CTX_free>> state(EVP_MD_CTX_new());
    std::array<std::uint8_t, 32> digest{};
    if (state == nullptr || EVP_DigestInit_ex2(state.get(), algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(state.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(state.get(), digest.data(), nullptr) != 1) {
        SHA256(bytes.data(), bytes.size(), digest.data());
    }
    return digest;
}

}  // namespace adit::tls
