// Making these contexts; see operators.h.
#include "common/tls/operators.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/base/file.h"
#include "common/base/secret_scope.h"
#include "common/tls/owner.h"
#include "common/tls/peer_certificate.h"

namespace adit::tls {

Result<Context> operators_server(const Context::Files& certificate, const ClientCheck& clients) {
    return Context::listener({certificate}, Context::Version::tls13, Alpn::http1, clients);
}

std::vector<std::string> host_names(const Context& context) {
    constexpr std::string_view kKind = "dns:";
    std::vector<std::string> names;
    for (const std::string& san : peer_certificate_of(SSL_CTX_get0_certificate(context.native())).sans) {
        if (san.starts_with(kKind)) {
            names.push_back(san.substr(kKind.size()));
        }
    }
    return names;
}

Result<Context> to_known_server(const std::filesystem::path& chain, const std::filesystem::path& key) {
    auto made = Context::origin({}, chain, key);
    if (made) {
        SSL_CTX_set_min_proto_version(made->native(), TLS1_3_VERSION);
        SSL_CTX_set_verify(made->native(), SSL_VERIFY_NONE, nullptr);
    }
    return made;
}

Result<Spki> spki_in(const std::filesystem::path& file) {
    const SecretScope scope;  // it may have the key as well
    const auto pem = read_file(file);
    const Certificate first(pem ? PEM_read_bio_X509(reading(*pem).get(), nullptr, no_passphrase, nullptr) : nullptr);
    ERR_clear_error();
    if (first.native() == nullptr) {
        return usage_error(file.string() + ": cannot read a certificate (PEM) there");
    }
    return spki_of(first.native());
}

}  // namespace adit::tls
