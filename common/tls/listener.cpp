// Contexts of listeners for clients: certificates by name, staples, tickets; see context.h.
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/random.h"
#include "common/tls/context.h"
#include "common/tls/native.h"
#include "common/tls/ocsp.h"
#include "common/tls/ticket_ring.h"

namespace adit::tls {
namespace {

/// What a context needs while connections have it, which may be longer than those who made it.
struct Extras {
    std::shared_ptr<TicketRing> tickets;
    std::optional<OcspResponse> staple;
    Alpn protocols{};
};

void free_extras(void*, void* extras, CRYPTO_EX_DATA*, int, long, void*) {
    const std::unique_ptr<Extras> owner(static_cast<Extras*>(extras));
}

int extras_index() {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_extras);
    return index;
}

Extras& extras_of(SSL_CTX* context) {
    return *static_cast<Extras*>(SSL_CTX_get_ex_data(context, extras_index()));
}

/// RFC 7301 §3.2: ours that comes first and that the client offers; without any common one the handshake ends.
int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    const std::string_view wanted = wire_form(extras_of(SSL_get_SSL_CTX(ssl)).protocols);
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(wanted.data()),
                              static_cast<unsigned>(wanted.size()), offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/// A response whose time is over would be refused; a handshake without one is what most clients take.
int staple(SSL* ssl, void*) {
    const auto& response = extras_of(SSL_get_SSL_CTX(ssl)).staple;
    if (!response || !response->may_be_stapled(std::chrono::system_clock::now())) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    void* copy = OPENSSL_memdup(response->der.data(), response->der.size());
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response->der.size()));
    return SSL_TLSEXT_ERR_OK;
}

bool use_key(const TicketRing::Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
             int sealing) {
    const std::string_view mac_key = key.mac();
    std::array<char, 7> digest{"SHA256"};
    const std::array parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<char*>(mac_key.data()), mac_key.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                             reinterpret_cast<const unsigned char*>(key.cipher().data()), iv, sealing) == 1 &&
           EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

/// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 is a ticket that nobody opens any more, 2 one that is to be replaced.
int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
               int sealing) {
    TicketRing& ring = *extras_of(SSL_get_SSL_CTX(ssl)).tickets;
    if (sealing == 1) {
        const TicketRing::Key key = ring.sealing();
        std::ranges::copy(key.name, name);
        std::array<std::uint8_t, EVP_MAX_IV_LENGTH> fresh;
        fill_random(fresh);
        std::ranges::copy(fresh, iv);
        return use_key(key, iv, cipher, mac, 1) ? 1 : -1;
    }
    TicketRing::Name wanted;
    std::copy_n(name, wanted.size(), wanted.begin());
    const auto found = ring.opening(wanted);
    if (!found) {
        return 0;
    }
    return !use_key(found->key, iv, cipher, mac, 0) ? -1 : found->is_old ? 2 : 1;
}

/// Sessions live in tickets alone: no table of ours holds any. Without a ring nothing is resumed.
///
/// Nor where clients show certificates: a resumed session is one whose certificate is not verified again, and each gets
/// a ticket with the time of a new one, so that a chain of them would outlive the certificate and the revocation list.
void use_tickets(SSL_CTX* context, std::shared_ptr<TicketRing> ring) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (!ring) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
        return;
    }
    // No longer than the key that seals it is there for certain.
    const auto life = std::chrono::duration_cast<std::chrono::seconds>(ring->interval());
    SSL_CTX_set_timeout(context, std::max<long>(static_cast<long>(life.count()), 1));
    extras_of(context).tickets = std::move(ring);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key);
}

bool has_name(SSL_CTX* context, const char* name) {
    return X509_check_host(SSL_CTX_get0_certificate(context), name, 0, 0, nullptr) == 1;
}

}  // namespace

/// RFC 6066 §3: the certificate that has the name; the first one where none has.
int Context::choose_certificate(SSL* ssl, int*, void* argument) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    if (has_name(SSL_get_SSL_CTX(ssl), name)) {
        return SSL_TLSEXT_ERR_OK;
    }
    for (const Handle& other : *static_cast<const std::vector<Handle>*>(argument)) {
        if (has_name(other.get(), name)) {
            SSL_set_SSL_CTX(ssl, other.get());
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_OK;
}

/// The context of one certificate. Each verifies clients on its own: SNI chooses the one whose store OpenSSL looks
/// into.
Result<Context::Handle> Context::show(const Files& files, Version lowest, Alpn protocols, const ClientCheck& clients,
                                      const std::shared_ptr<TicketRing>& tickets) {
    Handle made(new_context(TLS_server_method(), lowest == Version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION));
    SSL_CTX* context = made.get();
    SSL_CTX_set_ex_data(context, extras_index(), std::make_unique<Extras>().release());
    if (auto shown = show_files(context, files.chain, files.key); !shown) {
        return std::unexpected(std::move(shown.error()));
    }
    if (auto offered = check_curve(SSL_CTX_get0_privatekey(context), files.key); !offered) {
        return std::unexpected(std::move(offered.error()));
    }
    auto lists = ask_clients(context, clients);
    if (!lists) {
        return std::unexpected(std::move(lists.error()));
    }
    revocation_lists_ = std::move(*lists);
    const X509* certificate = SSL_CTX_get0_certificate(context);
    Staple told{.subject = facts_of(certificate).subject, .wanted = must_staple(certificate)};
    if (!files.ocsp_response.empty()) {
        auto response = read_ocsp_response(files.ocsp_response, context);
        if (!response) {
            return std::unexpected(std::move(response.error()));
        }
        told.response = OcspFacts{response->status, response->next_update};
        extras_of(context).staple = std::move(*response);
        SSL_CTX_set_tlsext_status_cb(context, staple);
    }
    staples_.push_back(std::move(told));
    use_tickets(context, clients.ca.empty() ? tickets : nullptr);
    extras_of(context).protocols = protocols;
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    return made;
}

Result<Context> Context::listener(const std::vector<Files>& certificates, Version lowest, Alpn protocols,
                                  const ClientCheck& clients, const std::shared_ptr<TicketRing>& tickets) {
    Context made;
    made.by_name_ = std::make_unique<std::vector<Handle>>();
    for (const Files& files : certificates) {
        auto context = made.show(files, lowest, protocols, clients, tickets);
        if (!context) {
            return std::unexpected(std::move(context.error()));
        }
        if (made.context_) {
            made.by_name_->push_back(std::move(*context));
        } else {
            made.context_ = std::move(*context);
        }
    }
    if (!made.by_name_->empty()) {
        SSL_CTX_set_tlsext_servername_callback(made.context_.get(), choose_certificate);
        SSL_CTX_set_tlsext_servername_arg(made.context_.get(), made.by_name_.get());
    }
    return made;
}

}  // namespace adit::tls
