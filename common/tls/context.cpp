// Contexts for the tunnel's two ends and for listeners; see context.h.
#include "common/tls/context.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

namespace adit::tls {
namespace {

/// Hybrid post-quantum key exchange first where the library knows it (OpenSSL 3.5), else the classical list.
void prefer_groups(SSL_CTX* context) {
    if (SSL_CTX_set1_groups_list(context, "X25519MLKEM768:X25519:P-256:P-384") != 1) {
        ERR_clear_error();
        SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
    }
}

std::unexpected<Error> openssl_failure(const std::string& doing) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return failure(doing + ": " + (reason == nullptr ? "unknown OpenSSL error" : reason));
}

std::unexpected<Error> file_failure(const std::filesystem::path& file, const std::string& what) {
    auto error = openssl_failure(file.string() + ": cannot use this " + what);
    error.error().usage = true;
    return error;
}

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

/// RFC 7301 §3.2: ours that comes first and that the client offers; without any common one the handshake ends.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void* argument) {
    const auto* wanted = static_cast<const std::string_view*>(argument);
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(wanted->data()),
                              static_cast<unsigned>(wanted->size()), offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
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

Result<> show_files(SSL_CTX* context, const std::filesystem::path& chain, const std::filesystem::path& key) {
    if (SSL_CTX_use_certificate_chain_file(context, chain.c_str()) != 1) {
        return file_failure(chain, "certificate chain (PEM, the owner's certificate first)");
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        const bool strangers = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        return file_failure(key, strangers ? "private key: it does not belong to the certificate in " + chain.string()
                                           : "private key (PEM)");
    }
    return {};
}

SSL_CTX* new_context(const SSL_METHOD* method, int lowest) {
    SSL_CTX* context = SSL_CTX_new(method);
    SSL_CTX_set_min_proto_version(context, lowest);
    SSL_CTX_set_mode(context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    prefer_groups(context);
    return context;
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

std::vector<CertificateFacts> Context::certificates() const {
    std::vector<CertificateFacts> all{facts_of(SSL_CTX_get0_certificate(native()))};
    for (std::size_t i = 0; by_name_ && i < by_name_->size(); ++i) {
        all.push_back(facts_of(SSL_CTX_get0_certificate((*by_name_)[i].get())));
    }
    return all;
}

/// RFC 6066 §3: the certificate that has the name; the first one where none has.
int Context::choose_certificate(SSL* ssl, int*, void* argument) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    const auto has_name = [name](SSL_CTX* context) {
        return X509_check_host(SSL_CTX_get0_certificate(context), name, 0, 0, nullptr) == 1;
    };
    if (has_name(SSL_get_SSL_CTX(ssl))) {
        return SSL_TLSEXT_ERR_OK;
    }
    for (const Handle& other : *static_cast<const std::vector<Handle>*>(argument)) {
        if (has_name(other.get())) {
            SSL_set_SSL_CTX(ssl, other.get());
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

/// Each context of a listener verifies on its own: SNI chooses the one whose store OpenSSL looks into.
Result<> Context::ask_clients(SSL_CTX* context, const Clients& clients) {
    if (clients.ca.empty()) {
        return {};
    }
    if (SSL_CTX_load_verify_file(context, clients.ca.c_str()) != 1) {
        return file_failure(clients.ca, "file of CA certificates (PEM)");
    }
    // Their names tell clients with several certificates which to show.
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(clients.ca.c_str());
    if (names == nullptr) {
        return file_failure(clients.ca, "file of CA certificates (PEM)");
    }
    SSL_CTX_set_client_CA_list(context, names);
    if (!clients.crl.empty()) {
        X509_STORE* store = SSL_CTX_get_cert_store(context);
        X509_LOOKUP* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
        if (lookup == nullptr || X509_load_crl_file(lookup, clients.crl.c_str(), X509_FILETYPE_PEM) < 1) {
            return file_failure(clients.crl, "certificate revocation list (PEM)");
        }
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (clients.required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    return {};
}

Result<Context> Context::listener(const std::vector<Files>& certificates, Version lowest, Alpn protocols) {
    return listener(certificates, lowest, protocols, Clients());
}

Result<Context> Context::listener(const std::vector<Files>& certificates, Version lowest, Alpn protocols,
                                  const Clients& clients) {
    const int version = lowest == Version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    Context made;
    made.by_name_ = std::make_unique<std::vector<Handle>>();
    for (const auto& [chain, key] : certificates) {
        Handle context(new_context(TLS_server_method(), version));
        if (auto shown = show_files(context.get(), chain, key); !shown) {
            return std::unexpected(std::move(shown.error()));
        }
        if (auto asked = ask_clients(context.get(), clients); !asked) {
            return std::unexpected(std::move(asked.error()));
        }
        static constexpr unsigned char kSessions[] = "adit";  // resumption is per listener, not per purpose
        SSL_CTX_set_session_id_context(context.get(), kSessions, sizeof kSessions);
        SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol,
                                   const_cast<std::string_view*>(&kAlpn[static_cast<std::size_t>(protocols)]));
        if (made.context_) {
            made.by_name_->push_back(std::move(context));
        } else {
            made.context_ = std::move(context);
        }
    }
    if (!made.by_name_->empty()) {
        SSL_CTX_set_tlsext_servername_callback(made.context_.get(), choose_certificate);
        SSL_CTX_set_tlsext_servername_arg(made.context_.get(), made.by_name_.get());
    }
    return made;
}

Result<Context> Context::origin(const std::filesystem::path& ca, const std::filesystem::path& chain,
                                const std::filesystem::path& key) {
    Context made;
    made.context_.reset(new_context(TLS_client_method(), TLS1_2_VERSION));
    SSL_CTX* context = made.context_.get();
    made.checks_names_ = true;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (ca.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            return openssl_failure("load the system's CA certificates");
        }
    } else if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1) {
        return file_failure(ca, "file of CA certificates (PEM)");
    }
    if (!chain.empty()) {
        if (auto shown = show_files(context, chain, key); !shown) {
            return std::unexpected(std::move(shown.error()));
        }
    }
    return made;
}

}  // namespace adit::tls
