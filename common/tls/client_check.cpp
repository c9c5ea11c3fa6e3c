// Reading CAs and lists; see client_check.h.
#include "common/tls/client_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <memory>

#include "common/base/file.h"
#include "common/tls/key.h"
#include "common/tls/native.h"

namespace adit::tls {
namespace {

struct FreeList {
    void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};
using List = std::unique_ptr<X509_CRL, FreeList>;

/// OpenSSL asks for the list of every CA; only the one that has issued the client's own certificate has to have one.
int forgive_missing_lists(int good, X509_STORE_CTX* store) {
    if (good == 0 && X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_CRL &&
        X509_STORE_CTX_get_error_depth(store) > 0) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    return good;
}

Result<std::vector<List>> read_lists(const std::filesystem::path& file) {
    const auto pem = read_file(file);
    if (!pem) {
        return std::unexpected(pem.error());
    }
    const Bio bio = reading(*pem);
    std::vector<List> lists;
    while (X509_CRL* list = PEM_read_bio_X509_CRL(bio.get(), nullptr, no_passphrase, nullptr)) {
        lists.emplace_back(list);
    }
    if (lists.empty() || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        return file_failure(file, "certificate revocation list (PEM)");
    }
    ERR_clear_error();
    return lists;
}

/// Which CA of the file has no list among these; empty: each has one.
std::string without_list(const STACK_OF(X509_NAME) * names, const std::vector<List>& lists) {
    for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
        const X509_NAME* name = sk_X509_NAME_value(names, i);
        const auto is_its = [name](const List& list) {
            return X509_NAME_cmp(X509_CRL_get_issuer(list.get()), name) == 0;
        };
        if (std::ranges::none_of(lists, is_its)) {
            return text_of(name);
        }
    }
    return {};
}

Result<std::vector<ListFacts>> check_lists(SSL_CTX* context, const ClientCheck& clients) {
    auto lists = read_lists(clients.crl);
    if (!lists) {
        return std::unexpected(std::move(lists.error()));
    }
    if (clients.crl_of_all) {
        if (const std::string missing = without_list(SSL_CTX_get_client_CA_list(context), *lists); !missing.empty()) {
            return file_refused(clients.crl, "there is no revocation list of the CA '" + missing +
                                                 "' in it, and client_crl_of: chain asks for one of each");
        }
    }
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    std::vector<ListFacts> facts;
    for (const List& list : *lists) {
        X509_STORE_add_crl(store, list.get());
        const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list.get());
        facts.push_back({text_of(X509_CRL_get_issuer(list.get())), next == nullptr ? WallTime::max() : time_of(next)});
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    return facts;
}

/// Their names, each once, tell clients with several certificates which to show.
void name_to_clients(SSL_CTX* context, const std::vector<X509Owner>& authorities) {
    STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
    for (const X509Owner& authority : authorities) {
        const X509_NAME* name = X509_get_subject_name(authority.get());
        bool known = false;
        for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
            known = known || X509_NAME_cmp(sk_X509_NAME_value(names, i), name) == 0;
        }
        if (!known) {
            sk_X509_NAME_push(names, X509_NAME_dup(name));
        }
    }
    SSL_CTX_set_client_CA_list(context, names);
}

}  // namespace

Result<std::vector<ListFacts>> ask_clients(SSL_CTX* context, const ClientCheck& clients) {
    if (clients.ca.empty()) {
        return std::vector<ListFacts>();
    }
    const auto authorities = trust(context, clients.ca);
    if (!authorities) {
        return std::unexpected(authorities.error());
    }
    if (authorities->empty()) {
        return file_refused(clients.ca, "there is no certificate (PEM) in it");
    }
    name_to_clients(context, *authorities);
    Result<std::vector<ListFacts>> lists;
    if (!clients.crl.empty()) {
        lists = check_lists(context, clients);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (clients.required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       clients.crl_of_all ? nullptr : forgive_missing_lists);
    return lists;
}

}  // namespace adit::tls
