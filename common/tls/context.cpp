// Contexts for the tunnel's two ends and towards origins; see context.h. Those of listeners are in listener.cpp.
#include "common/tls/context.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

#include "common/tls/native.h"

namespace adit::tls {
namespace {

/// A peer's certificate is only the envelope of its key: no chain, no dates, no names are looked at.
int check_key(X509_STORE_CTX* store, void* argument) {
    const auto& check = *static_cast<const PeerCheck*>(argument);
    X509* certificate = X509_STORE_CTX_get0_cert(store);
    const Admission admission = certificate == nullptr ? Admission::unknown : check(spki_of(certificate));
    switch (admission) {
        case Admission::accepted:
            X509_STORE_CTX_set_error(store, X509_V_OK);
            return 1;
        case Admission::expired:
            X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_HAS_EXPIRED);
            return 0;
        case Admission::unknown:
            break;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
    return 0;
}

int choose_reverse_http2(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                         unsigned offered_size, void*) {
    static constexpr unsigned char wanted[] = {3, 'r', 'h', '2'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, size, wanted, sizeof wanted, offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

constexpr std::array<std::string_view, 3> kAlpn{"\x08http/1.1", "\x02h2\x08http/1.1", "\x02h2"};

bool show_key(SSL_CTX* context, const PrivateKey& key, const std::string& name) {
    const auto certificate = self_signed(key, name);
    return certificate && SSL_CTX_use_certificate(context, certificate->native()) == 1 &&
           SSL_CTX_use_PrivateKey(context, key.native()) == 1;
}

}  // namespace

std::string_view wire_form(Alpn protocols) {
    return kAlpn[static_cast<std::size_t>(protocols)];
}

/// The agent's look at a connector: its key against the pins, or its certificate against the CAs.
struct Context::ConnectorCheck {
    std::vector<Spki> pins;
    CertificateSeen seen;

    static int verify(X509_STORE_CTX* store, void* argument) {
        const auto& self = *static_cast<const ConnectorCheck*>(argument);
        const X509* certificate = X509_STORE_CTX_get0_cert(store);
        if (certificate != nullptr && self.seen) {
            self.seen(facts_of(certificate));
        }
        if (self.pins.empty()) {
            return X509_verify_cert(store);
        }
        const bool known =
            certificate != nullptr && std::ranges::find(self.pins, spki_of(certificate)) != self.pins.end();
        X509_STORE_CTX_set_error(store, known ? X509_V_OK : X509_V_ERR_CERT_UNTRUSTED);
        return known ? 1 : 0;
    }
};

Context::Context() = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;
Context::~Context() = default;

Result<Context> Context::tunnel_acceptor(const PrivateKey& key, PeerCheck check) {
    Context made;
    made.context_.reset(new_context(TLS_server_method(), TLS1_3_VERSION));
    SSL_CTX* context = made.context_.get();
    made.check_ = std::make_unique<PeerCheck>(std::move(check));
    if (!show_key(context, key, "adit-connector")) {
        return openssl_failure("make the tunnel certificate");
    }
    // Every session proves its key anew, so that a revoked one cannot come back by a ticket.
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context, check_key, made.check_.get());
    SSL_CTX_set_alpn_select_cb(context, choose_reverse_http2, nullptr);
    return made;
}

Result<Context> Context::tunnel_dialer(const PrivateKey& key, std::vector<Spki> pins, CertificateSeen seen) {
    Context made;
    made.context_.reset(new_context(TLS_client_method(), TLS1_3_VERSION));
    SSL_CTX* context = made.context_.get();
    if (!show_key(context, key, "adit-agent")) {
        return openssl_failure("make the agent's certificate");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    made.checks_names_ = pins.empty();
    if (pins.empty() && SSL_CTX_set_default_verify_paths(context) != 1) {
        return openssl_failure("load the system's CA certificates");
    }
    made.connector_check_ = std::make_unique<ConnectorCheck>(ConnectorCheck{std::move(pins), std::move(seen)});
    SSL_CTX_set_cert_verify_callback(context, ConnectorCheck::verify, made.connector_check_.get());
    static constexpr unsigned char offered[] = {3, 'r', 'h', '2'};
    SSL_CTX_set_alpn_protos(context, offered, sizeof offered);
    return made;
}

bool Context::checks_names() const {
    return checks_names_ && SSL_CTX_get_verify_mode(native()) != SSL_VERIFY_NONE;
}

std::vector<CertificateFacts> Context::certificates() const {
    std::vector<CertificateFacts> all{facts_of(SSL_CTX_get0_certificate(native()))};
    for (std::size_t i = 0; by_name_ && i < by_name_->size(); ++i) {
        all.push_back(facts_of(SSL_CTX_get0_certificate((*by_name_)[i].get())));
    }
    return all;
}

Result<Context> Context::origin(const std::filesystem::path& ca, const std::filesystem::path& chain,
                                const std::filesystem::path& key, Suites suites) {
    Context made;
    made.context_.reset(new_context(TLS_client_method(), TLS1_2_VERSION));
    SSL_CTX* context = made.context_.get();
    if (suites == Suites::any) {
        SSL_CTX_set_cipher_list(context, OSSL_default_cipher_list());
    }
    made.checks_names_ = true;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (ca.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            return openssl_failure("load the system's CA certificates");
        }
    } else if (auto trusted = trust(context, ca); !trusted) {
        return std::unexpected(std::move(trusted.error()));
    }
    if (!chain.empty()) {
        if (auto shown = show_files(context, chain, key); !shown) {
            return std::unexpected(std::move(shown.error()));
        }
    }
    return made;
}

}  // namespace adit::tls
